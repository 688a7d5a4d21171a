/* The batch datapath: datagrams in and out of one UDP socket, many per system call, and the boxes of data packets.
 *
 * The module toxpy.system._datapath, the compiled twin of toxpy/system/datapath.py: the same two classes with the same methods, and a test compares them
 * packet by packet. It knows keys, nonces, addresses and buffers, and nothing of the protocol above them:
 *
 *     1b | low 16 bits of the nonce | box( start 4 | number 4 | zeros | data )
 *
 * Sessions in groups: datapath_group.c.
 *
 * libsodium is the one that pynacl brings: `use_sodium` is told where its functions are. The GIL is held throughout,
 * since no call here waits; but making a tuple may run the garbage collector and with it anybody's code, so that
 * whatever such code could change is owned while it is used.
 */
#include "datapath.h"

#include <structmember.h>

static PyObject *datapath_flush(Datapath *self, PyObject *unused)
{
    (void)unused;
    datapath_flush_queue(self);
    Py_RETURN_NONE;
}

static PyObject *datapath_close(Datapath *self, PyObject *unused)
{
    (void)unused;
    datapath_flush_queue(self);
    self->fd = -1;
    self->last_valid = false;
    PyDict_Clear(self->routes);
    PyDict_Clear(self->members);
    Py_RETURN_NONE;
}

/* life */

static int datapath_traverse(Datapath *self, visitproc visit, void *arg)
{
    Py_VISIT(self->routes);
    Py_VISIT(self->members);
    Py_VISIT(self->errors);
    Py_VISIT(self->scopes);
    for (int i = 0; i < 4; i++) {
        Py_VISIT(self->counts[i]);
    }
    return 0;
}

static int datapath_clear(Datapath *self)
{
    self->last_valid = false;
    self->fd = -1;
    Py_CLEAR(self->routes);
    Py_CLEAR(self->members);
    Py_CLEAR(self->errors);
    Py_CLEAR(self->scopes);
    for (int i = 0; i < 4; i++) {
        Py_CLEAR(self->counts[i]);
    }
    return 0;
}

static void datapath_dealloc(Datapath *self)
{
    PyObject_GC_UnTrack(self);
    datapath_clear(self);
    PyMem_Free(self->queue);
    PyMem_Free(self->queue_data);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *datapath_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static const char *const lists[] = {"packets_received", "bytes_received", "packets_sent", "bytes_sent"};
    PyObject *sock, *traffic, *errors, *scopes;
    int ipv6;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "OpOO!O!", &sock, &ipv6, &traffic, &PyDict_Type, &errors, &PyDict_Type,
                          &scopes)) {
        return NULL;
    }
    int fd = PyObject_AsFileDescriptor(sock);
    Datapath *self = fd >= 0 ? (Datapath *)type->tp_alloc(type, 0) : NULL;
    if (self == NULL) {
        return NULL;
    }
    self->fd = fd;
    self->ipv6 = ipv6;
    self->errors = Py_NewRef(errors);
    self->scopes = Py_NewRef(scopes);
    self->routes = PyDict_New();
    self->members = PyDict_New();
    for (int i = 0; i < 4; i++) {
        self->counts[i] = PyObject_GetAttrString(traffic, lists[i]);
        if (self->counts[i] == NULL || !PyList_Check(self->counts[i]) || self->routes == NULL
            || self->members == NULL) {
            if (!PyErr_Occurred()) {
                PyErr_SetString(PyExc_TypeError, "not traffic counters");
            }
            Py_DECREF(self);
            return NULL;
        }
    }
    /* joins what arrives as a row; a kernel that cannot just does not */
    int on = 1;
    (void)setsockopt(fd, LEVEL_UDP, OPTION_GRO, &on, sizeof on);
    return (PyObject *)self;
}

static PyMethodDef datapath_methods[] = {
    {"receive", (PyCFunction)datapath_receive, METH_O, "(runs, raw, more) of at most so many datagrams."},
    {"send", (PyCFunction)(void (*)(void))datapath_send, METH_FASTCALL, "Send or queue one datagram."},
    {"send_data", (PyCFunction)(void (*)(void))datapath_send_data, METH_FASTCALL,
     "Send or queue a data packet."},
    {"route", (PyCFunction)(void (*)(void))datapath_route, METH_FASTCALL,
     "Whose data packets come from there."},
    {"member", (PyCFunction)(void (*)(void))datapath_member, METH_FASTCALL,
     "How packets of a member of a group open, and for whom they are."},
    {"send_group", (PyCFunction)(void (*)(void))datapath_send_group, METH_FASTCALL,
     "Send or queue a packet of a session in a group."},
    {"hold", (PyCFunction)datapath_hold, METH_NOARGS, "Queue from now on."},
    {"release", (PyCFunction)datapath_release, METH_NOARGS, "Undo one hold, and send what is queued."},
    {"flush", (PyCFunction)datapath_flush, METH_NOARGS, "Send what is queued."},
    {"close", (PyCFunction)datapath_close, METH_NOARGS, "Send what is queued, and nothing after it."},
    {NULL, NULL, 0, NULL},
};
static PyMemberDef datapath_members[] = {
    {"oversized", T_PYSSIZET, offsetof(Datapath, oversized), READONLY, "Datagrams over 2048 bytes."},
    {NULL, 0, 0, 0, NULL},
};
static PyTypeObject DatapathType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "toxpy.system._datapath.Datapath",
    .tp_doc = "Datagrams in and out of one UDP socket.",
    .tp_basicsize = sizeof(Datapath),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = datapath_new,
    .tp_dealloc = (destructor)datapath_dealloc,
    .tp_traverse = (traverseproc)datapath_traverse,
    .tp_clear = (inquiry)datapath_clear,
    .tp_methods = datapath_methods,
    .tp_members = datapath_members,
};

static PyMethodDef functions[] = {
    {"use_sodium", datapath_use_sodium, METH_VARARGS,
     "Addresses of crypto_secretbox_easy, its counterpart, and the same of crypto_aead_chacha20poly1305_ietf."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "toxpy.system._datapath",
    .m_doc = "The compiled twin of toxpy.system.datapath.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__datapath(void)
{
    if (datapath_watch_forks() != 0) {
        return PyErr_NoMemory();
    }
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || PyModule_AddType(module, &datapath_session_type) < 0
        || PyModule_AddType(module, &DatapathType) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
