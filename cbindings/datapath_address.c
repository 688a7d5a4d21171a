/* Whose packets come from where; and counting. */
#define _GNU_SOURCE
#include "datapath.h"

static void count_number(PyObject *counts, PyObject *key, long amount)
{
    PyObject *before = PyDict_GetItemWithError(counts, key);
    PyObject *after = PyLong_FromLong((before != NULL ? PyLong_AsLong(before) : 0) + amount);
    if (after != NULL) {
        PyDict_SetItem(counts, key, after);
    }
    Py_XDECREF(after);
    PyErr_Clear();
}

void datapath_count_error(Datapath *self, int number, int amount)
{
    PyObject *key = PyLong_FromLong(number);
    if (key != NULL) {
        count_number(self->errors, key, amount);
    }
    Py_XDECREF(key);
    PyErr_Clear();
}

/* Add a tally to the lists of packets and bytes. */
void datapath_settle(Datapath *self, struct tally *tally, int first)
{
    unsigned long amounts[2] = {tally->packets, tally->bytes};
    for (int i = 0; i < 2 && tally->packets != 0; i++) {
        PyObject *list = self->counts[first + i];
        if (tally->kind < PyList_GET_SIZE(list)) {
            unsigned long long sum =
                PyLong_AsUnsignedLongLong(PyList_GET_ITEM(list, tally->kind)) + amounts[i];
            PyObject *item = PyLong_FromUnsignedLongLong(sum);
            if (item == NULL || PyList_SetItem(list, tally->kind, item) < 0) {
                PyErr_Clear();
            }
        }
    }
    tally->packets = tally->bytes = 0;
}

void datapath_count_packet(Datapath *self, struct tally *tally, int first, int kind, size_t size)
{
    if (kind != tally->kind) {
        datapath_settle(self, tally, first);
        tally->kind = kind;
    }
    tally->packets++;
    tally->bytes += size;
}

/* addresses */

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void datapath_key_of_name(const Name *name, unsigned char *key)
{
    if (name->any.sa_family == AF_INET6) {
        memcpy(key, &name->v6.sin6_addr, 16);
        memcpy(key + 16, &name->v6.sin6_port, 2);
    } else {
        memcpy(key, mapped_prefix, 12);
        memcpy(key + 12, &name->v4.sin_addr, 4);
        memcpy(key + 16, &name->v4.sin_port, 2);
    }
}

PyObject *datapath_address_of_key(const unsigned char *key)
{
    int skip = memcmp(key, mapped_prefix, 12) == 0 ? 12 : 0;
    return Py_BuildValue("(y#i)", (const char *)key + skip, (Py_ssize_t)(16 - skip), key[16] << 8 | key[17]);
}

/* (4 or 16 bytes, port) -> key; -1 with an exception for anything else */
int datapath_key_of_address(PyObject *address, unsigned char *key)
{
    if (!PyTuple_Check(address) || PyTuple_GET_SIZE(address) != 2
        || !PyBytes_Check(PyTuple_GET_ITEM(address, 0))) {
        PyErr_SetString(PyExc_TypeError, "an address is (bytes, port)");
        return -1;
    }
    PyObject *ip = PyTuple_GET_ITEM(address, 0);
    long port = PyLong_AsLong(PyTuple_GET_ITEM(address, 1));
    Py_ssize_t size = PyBytes_GET_SIZE(ip);
    if ((size != 4 && size != 16) || port < 0 || port > 65535) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ValueError, "an IP has 4 or 16 bytes, a port is 0 to 65535");
        }
        return -1;
    }
    if (size == 4) {
        memcpy(key, mapped_prefix, 12);
    }
    memcpy(key + 16 - size, PyBytes_AS_STRING(ip), (size_t)size);
    key[16] = (unsigned char)(port >> 8), key[17] = (unsigned char)port;
    return 0;
}

/* What the kernel calls it; false when this socket cannot reach that family. */
bool datapath_name_of_address(Datapath *self, PyObject *address, const unsigned char *key, Name *name)
{
    memset(name, 0, sizeof *name);
    if (!self->ipv6) {
        name->v4.sin_family = AF_INET;
        memcpy(&name->v4.sin_addr, key + 12, 4);
        memcpy(&name->v4.sin_port, key + 16, 2);
        return PyBytes_GET_SIZE(PyTuple_GET_ITEM(address, 0)) == 4;
    }
    name->v6.sin6_family = AF_INET6;
    memcpy(&name->v6.sin6_addr, key, 16);
    memcpy(&name->v6.sin6_port, key + 16, 2);
    if (key[0] == 0xfe && (key[1] & 0xc0) == 0x80) {
        /* link-local: answers go out where it was heard */
        PyObject *scope = PyDict_GetItemWithError(self->scopes, PyTuple_GET_ITEM(address, 0));
        name->v6.sin6_scope_id = scope != NULL ? (uint32_t)PyLong_AsUnsignedLongMask(scope) : 0;
        PyErr_Clear();
    }
    return true;
}

void datapath_note_scope(Datapath *self, const Name *name)
{
    PyObject *ip = PyBytes_FromStringAndSize((const char *)&name->v6.sin6_addr, 16);
    PyObject *scope = PyLong_FromUnsignedLong(name->v6.sin6_scope_id);
    if (ip != NULL && scope != NULL) {
        if (PyDict_GET_SIZE(self->scopes) >= MAX_SCOPES && PyDict_Contains(self->scopes, ip) != 1) {
            PyDict_Clear(self->scopes);
        }
        PyDict_SetItem(self->scopes, ip, scope);
    }
    Py_XDECREF(ip), Py_XDECREF(scope);
    PyErr_Clear();
}

/* The route of an address, NULL for none. */
PyObject *datapath_find_route(Datapath *self, const unsigned char *key)
{
    if (!self->last_valid || memcmp(key, self->last_key, KEY_OF_ADDRESS) != 0) {
        PyObject *name = PyBytes_FromStringAndSize((const char *)key, KEY_OF_ADDRESS);
        self->last_route = name != NULL ? PyDict_GetItemWithError(self->routes, name) : NULL;
        Py_XDECREF(name);
        PyErr_Clear();
        memcpy(self->last_key, key, KEY_OF_ADDRESS);
        self->last_valid = true;
    }
    return self->last_route;
}

PyObject *datapath_route(Datapath *self, PyObject *const *args, Py_ssize_t count)
{
    unsigned char key[KEY_OF_ADDRESS];
    if (datapath_need_args(count, 3) < 0 || datapath_key_of_address(args[0], key) < 0) {
        return NULL;
    }
    if (args[1] != Py_None && Py_TYPE(args[1]) != &datapath_session_type) {
        PyErr_SetString(PyExc_TypeError, "not a session");
        return NULL;
    }
    PyObject *name = PyBytes_FromStringAndSize((const char *)key, KEY_OF_ADDRESS);
    if (name == NULL) {
        return NULL;
    }
    self->last_valid = false;
    int failed = 0;
    if (args[1] != Py_None) {
        PyObject *route = PyTuple_Pack(3, args[1], args[2], args[0]);
        failed = route == NULL || PyDict_SetItem(self->routes, name, route) < 0;
        Py_XDECREF(route);
    } else if (PyDict_Contains(self->routes, name) == 1) {
        failed = PyDict_DelItem(self->routes, name) < 0;
    }
    Py_DECREF(name);
    return failed ? NULL : Py_NewRef(Py_None);
}
