/* Packets of sessions in groups: whose they are, and their boxes.
 *
 *     5b lossless, 5c lossy | sender's key 32 | nonce 24 | box( zeros | kind 1 | lossless: message id 8 | data )
 */
#include "datapath.h"

enum {
    GROUP_HEAD_SIZE = 1 + KEY_SIZE,
    GROUP_BOX_AT = GROUP_HEAD_SIZE + NONCE_SIZE,
    GROUP_PADDING = 8,
    ID_SIZE = 8,
    MIN_LOSSLESS_SIZE = GROUP_BOX_AT + MAC_SIZE + 1 + ID_SIZE,
    MIN_LOSSY_SIZE = GROUP_BOX_AT + MAC_SIZE + 2, /* the kind, one byte */
};

/* The (key, receiver) of the sender of a packet, NULL for none; borrowed. */
PyObject *datapath_find_member(Datapath *self, const unsigned char *packet, size_t size)
{
    size_t least = packet[0] == KIND_GROUP_LOSSLESS ? MIN_LOSSLESS_SIZE : MIN_LOSSY_SIZE;
    if (size < least || size > MAX_GROUP_PACKET_SIZE || PyDict_GET_SIZE(self->members) == 0) {
        return NULL;
    }
    PyObject *name = PyBytes_FromStringAndSize((const char *)packet + 1, KEY_SIZE);
    PyObject *member = name != NULL ? PyDict_GetItemWithError(self->members, name) : NULL;
    Py_XDECREF(name);
    PyErr_Clear();
    return member;
}

/* (message id or -1, kind, data); NULL without an exception for what does not open, or is cut short. */
PyObject *datapath_open_group(PyObject *member, const unsigned char *packet, size_t size)
{
    unsigned char plain[MAX_GROUP_PACKET_SIZE];
    const char *key = PyBytes_AS_STRING(PyTuple_GET_ITEM(member, 0));
    bool lossless = packet[0] == KIND_GROUP_LOSSLESS;
    if (!datapath_open_box(plain, packet + GROUP_BOX_AT, size - GROUP_BOX_AT, packet + GROUP_HEAD_SIZE,
                           (const unsigned char *)key)) {
        return NULL;
    }
    size_t inner = size - GROUP_BOX_AT - MAC_SIZE, at = 0, head = lossless ? 1 + ID_SIZE : 1;
    while (at < inner && plain[at] == 0) {
        at++;
    }
    if (inner - at < head) {
        return NULL;
    }
    uint64_t id = 0;
    for (size_t i = 1; i < head; i++) {
        id = id << 8 | plain[at + i];
    }
    PyObject *number = lossless ? PyLong_FromUnsignedLongLong(id) : PyLong_FromLong(-1);
    return number == NULL ? NULL
                          : Py_BuildValue("(Niy#)", number, (int)plain[at], (const char *)plain + at + head,
                                          (Py_ssize_t)(inner - at - head));
}

PyObject *datapath_member(Datapath *self, PyObject *const *args, Py_ssize_t count)
{
    if (datapath_need_args(count, 3) < 0) {
        return NULL;
    }
    if (!PyBytes_Check(args[0]) || PyBytes_GET_SIZE(args[0]) != KEY_SIZE
        || (args[1] != Py_None && (!PyBytes_Check(args[1]) || PyBytes_GET_SIZE(args[1]) != KEY_SIZE))) {
        PyErr_SetString(PyExc_ValueError, "a key has 32 bytes");
        return NULL;
    }
    int failed = 0;
    if (args[1] != Py_None) {
        PyObject *member = PyTuple_Pack(2, args[1], args[2]);
        failed = member == NULL || PyDict_SetItem(self->members, args[0], member) < 0;
        Py_XDECREF(member);
    } else if (PyDict_Contains(self->members, args[0]) == 1) {
        failed = PyDict_DelItem(self->members, args[0]) < 0;
    }
    return failed ? NULL : Py_NewRef(Py_None);
}

/* address, head (kind and our key), nonce, key, message id or -1, kind, data */
PyObject *datapath_send_group(Datapath *self, PyObject *const *args, Py_ssize_t count)
{
    static const Py_ssize_t sizes[3] = {GROUP_HEAD_SIZE, NONCE_SIZE, KEY_SIZE};
    char *fixed[3], *data;
    Py_ssize_t size;
    if (datapath_need_args(count, 7) < 0) {
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        if (PyBytes_AsStringAndSize(args[1 + i], &fixed[i], &size) < 0) {
            return NULL;
        }
        if (size != sizes[i]) {
            PyErr_SetString(PyExc_ValueError, "a head has 33 bytes, a nonce 24, a key 32");
            return NULL;
        }
    }
    bool lossless = fixed[0][0] == KIND_GROUP_LOSSLESS;
    uint64_t id = lossless ? PyLong_AsUnsignedLongLong(args[4]) : 0;
    long kind = PyLong_AsLong(args[5]);
    if (PyErr_Occurred() || PyBytes_AsStringAndSize(args[6], &data, &size) < 0) {
        return NULL;
    }
    if (size > MAX_GROUP_DATA_SIZE || kind < 1 || kind > 255) {
        PyErr_SetString(PyExc_ValueError, "data has up to 1377 bytes, and a kind");
        return NULL;
    }
    struct queued *entry = datapath_reserve(self, args[0], MAX_GROUP_PACKET_SIZE);
    if (entry == NULL) {
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    unsigned char plain[MAX_GROUP_PACKET_SIZE], *out = self->queue_data + entry->offset;
    /* as if the data could have as many bytes as c-toxcore's */
    int most = lossless ? GROUP_PADDED_LOSSLESS : GROUP_PADDED_LOSSY;
    size_t at = (size_t)(((most - (int)size) % GROUP_PADDING + GROUP_PADDING) % GROUP_PADDING);
    memset(plain, 0, at);
    plain[at++] = (unsigned char)kind;
    for (int shift = 56; lossless && shift >= 0; shift -= 8) {
        plain[at++] = (unsigned char)(id >> shift);
    }
    memcpy(plain + at, data, (size_t)size);
    at += (size_t)size;
    memcpy(out, fixed[0], GROUP_HEAD_SIZE);
    memcpy(out + GROUP_HEAD_SIZE, fixed[1], NONCE_SIZE);
    datapath_seal_box(out + GROUP_BOX_AT, plain, at, (const unsigned char *)fixed[1],
                      (const unsigned char *)fixed[2]);
    return datapath_commit(self, entry, GROUP_BOX_AT + at + MAC_SIZE);
}
