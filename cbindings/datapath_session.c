/* Keys and nonces of one crypto connection, and the boxes of its data packets. */
#define _GNU_SOURCE
#include "datapath.h"

#include <dlfcn.h>
#include <pthread.h>

typedef int box_function(unsigned char *, const unsigned char *, unsigned long long, const unsigned char *,
                         const unsigned char *);
static box_function *seal_box, *open_box;

/* With associated data and the "secret nonce" of other ciphers, both unused here: NULL. */
typedef int seal_function(unsigned char *, unsigned long long *, const unsigned char *, unsigned long long,
                          const unsigned char *, unsigned long long, const unsigned char *,
                          const unsigned char *, const unsigned char *);
typedef int open_function(unsigned char *, unsigned long long *, unsigned char *, const unsigned char *,
                          unsigned long long, const unsigned char *, unsigned long long,
                          const unsigned char *, const unsigned char *);
static seal_function *seal_chacha;
static open_function *open_chacha;

/* Its subkey is what makes XChaCha20 of ChaCha20: out, the nonce's first 16 bytes, key, NULL. */
static int (*hchacha20)(unsigned char *, const unsigned char *, const unsigned char *, const unsigned char *);

enum { SHORT_NONCE_SIZE = 12 };

/* How many forks lie between the process that loaded us and this one. */
static unsigned forks;

static void after_fork_child(void)
{
    forks++;
}

int datapath_watch_forks(void)
{
    return pthread_atfork(NULL, NULL, after_fork_child);
}

void datapath_seal_box(unsigned char *out, const unsigned char *plain, size_t size,
                       const unsigned char *nonce, const unsigned char *key)
{
    seal_box(out, plain, size, nonce, key);
}

bool datapath_open_box(unsigned char *plain, const unsigned char *box, size_t size,
                       const unsigned char *nonce, const unsigned char *key)
{
    return open_box(plain, box, size, nonce, key) == 0;
}

static uint32_t read_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void write_u32(unsigned char *p, uint32_t value)
{
    p[0] = (unsigned char)(value >> 24), p[1] = (unsigned char)(value >> 16);
    p[2] = (unsigned char)(value >> 8), p[3] = (unsigned char)value;
}

/* A nonce, or the first `size` bytes of one, is one big-endian number that wraps around. */
void datapath_nonce_add(unsigned char *nonce, int size, uint32_t amount)
{
    for (int i = size - 1; i >= 0 && amount != 0; i--) {
        amount += nonce[i];
        nonce[i] = (unsigned char)amount;
        amount >>= 8;
    }
}

static int session_init(Session *self, PyObject *args, PyObject *kwargs)
{
    const char *key, *receive, *send, *send_key = NULL;
    Py_ssize_t key_size, receive_size, send_size, send_key_size = 0;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "no keyword arguments");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "y#y#y#|z#", &key, &key_size, &receive, &receive_size, &send, &send_size,
                          &send_key, &send_key_size)) {
        return -1;
    }
    if (key_size != KEY_SIZE || receive_size != NONCE_SIZE || send_size != NONCE_SIZE
        || (send_key != NULL && send_key_size != KEY_SIZE)) {
        PyErr_SetString(PyExc_ValueError, "a key has 32 bytes, a nonce 24");
        return -1;
    }
    memcpy(self->receive.key, key, KEY_SIZE);
    memcpy(self->send.key, send_key != NULL ? send_key : key, KEY_SIZE);
    self->receive.has_subkey = self->send.has_subkey = false;
    self->xchacha = send_key != NULL;
    memcpy(self->receive_nonce, receive, NONCE_SIZE);
    memcpy(self->send_nonce, send, NONCE_SIZE);
    self->forks = forks;
    return 0;
}

static void session_dealloc(Session *self)
{
    explicit_bzero(&self->receive, sizeof self->receive);
    explicit_bzero(&self->send, sizeof self->send);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* The ChaCha20 key of a nonce of XChaCha20. Nonces are counted, so it hardly ever changes. */
static const unsigned char *subkey_of(Direction *direction, const unsigned char *nonce)
{
    if (!direction->has_subkey || memcmp(direction->prefix, nonce, PREFIX_SIZE) != 0) {
        hchacha20(direction->subkey, nonce, direction->key, NULL);
        memcpy(direction->prefix, nonce, PREFIX_SIZE);
        direction->has_subkey = true;
    }
    return direction->subkey;
}

/* ChaCha20's nonce of one of XChaCha20: zeros, and what comes after the prefix. */
static void shorten_nonce(unsigned char *out, const unsigned char *nonce)
{
    memset(out, 0, SHORT_NONCE_SIZE);
    memcpy(out + SHORT_NONCE_SIZE - (NONCE_SIZE - PREFIX_SIZE), nonce + PREFIX_SIZE,
           NONCE_SIZE - PREFIX_SIZE);
}

static bool open_with(Session *self, unsigned char *plain, const unsigned char *box, size_t size,
                      const unsigned char *nonce)
{
    if (!self->xchacha) {
        return open_box(plain, box, size, nonce, self->receive.key) == 0;
    }
    unsigned char number[SHORT_NONCE_SIZE];
    shorten_nonce(number, nonce);
    return open_chacha(plain, NULL, NULL, box, size, NULL, 0, number, subkey_of(&self->receive, nonce)) == 0;
}

static void seal_with(Session *self, unsigned char *out, const unsigned char *plain, size_t size)
{
    const unsigned char *nonce = self->send_nonce;
    if (!self->xchacha) {
        seal_box(out, plain, size, nonce, self->send.key);
        return;
    }
    unsigned char number[SHORT_NONCE_SIZE];
    shorten_nonce(number, nonce);
    seal_chacha(out, NULL, plain, size, NULL, 0, NULL, number, subkey_of(&self->send, nonce));
}

/* The size of what is in the box, or -1; then nothing has changed. `plain` has room for MAX_PACKET_SIZE. */
int datapath_open_packet(Session *self, const unsigned char *packet, size_t size, unsigned char *plain)
{
    if (size < MIN_PACKET_SIZE || size > MAX_PACKET_SIZE || packet[0] != KIND_DATA || self->forks != forks) {
        return -1;
    }
    unsigned char nonce[NONCE_SIZE];
    memcpy(nonce, self->receive_nonce, NONCE_SIZE);
    unsigned counter = (unsigned)packet[1] << 8 | packet[2];
    unsigned low = (unsigned)nonce[NONCE_SIZE - 2] << 8 | nonce[NONCE_SIZE - 1];
    if (counter < low) {
        datapath_nonce_add(nonce, NONCE_SIZE - 2, 1);
    }
    memcpy(nonce + NONCE_SIZE - 2, packet + 1, 2);
    if (!open_with(self, plain, packet + HEAD_SIZE, size - HEAD_SIZE, nonce)) {
        return -1;
    }
    if (((counter - low) & 0xffff) > 2 * NONCE_THRESHOLD) {
        datapath_nonce_add(self->receive_nonce, NONCE_SIZE, NONCE_THRESHOLD);
    }
    return (int)size - HEAD_SIZE - MAC_SIZE;
}

/* (start, number, data without the zeros in front) */
PyObject *datapath_make_record(const unsigned char *plain, int size)
{
    int at = INNER_SIZE;
    while (at < size && plain[at] == 0) {
        at++;
    }
    PyObject *record = PyTuple_New(3);
    PyObject *start = PyLong_FromUnsignedLong(read_u32(plain));
    PyObject *number = PyLong_FromUnsignedLong(read_u32(plain + 4));
    PyObject *data = PyBytes_FromStringAndSize((const char *)plain + at, size - at);
    if (record == NULL || start == NULL || number == NULL || data == NULL) {
        Py_XDECREF(record), Py_XDECREF(start), Py_XDECREF(number), Py_XDECREF(data);
        return NULL;
    }
    PyTuple_SET_ITEM(record, 0, start);
    PyTuple_SET_ITEM(record, 1, number);
    PyTuple_SET_ITEM(record, 2, data);
    return record;
}

/* Writes the packet to `out`, which has room for MAX_PACKET_SIZE: its size. */
size_t datapath_seal_packet(Session *self, uint32_t start, uint32_t number, const char *data, size_t size,
                            unsigned char *out)
{
    unsigned char plain[MAX_PACKET_SIZE];
    size_t padding = (MAX_DATA_SIZE - size) & 7, inner = INNER_SIZE + padding + size;
    write_u32(plain, start);
    write_u32(plain + 4, number);
    memset(plain + INNER_SIZE, 0, padding);
    memcpy(plain + INNER_SIZE + padding, data, size);
    out[0] = KIND_DATA;
    memcpy(out + 1, self->send_nonce + NONCE_SIZE - 2, 2);
    if (self->forks == forks) {
        seal_with(self, out + HEAD_SIZE, plain, inner);
    } else {
        memset(out + HEAD_SIZE, 0, inner + MAC_SIZE);
    }
    datapath_nonce_add(self->send_nonce, NONCE_SIZE, 1);
    return HEAD_SIZE + inner + MAC_SIZE;
}

static PyObject *session_open(Session *self, PyObject *packet)
{
    unsigned char plain[MAX_PACKET_SIZE];
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(packet, &data, &size) < 0) {
        return NULL;
    }
    int inner = datapath_open_packet(self, (const unsigned char *)data, (size_t)size, plain);
    return inner < 0 ? Py_NewRef(Py_None) : datapath_make_record(plain, inner);
}

/* start, number and data of the arguments from `args` on. */
int datapath_read_data(PyObject *const *args, uint32_t *start, uint32_t *number, char **data,
                       Py_ssize_t *size)
{
    *start = (uint32_t)PyLong_AsUnsignedLongMask(args[0]);
    *number = (uint32_t)PyLong_AsUnsignedLongMask(args[1]);
    if (PyErr_Occurred() || PyBytes_AsStringAndSize(args[2], data, size) < 0) {
        return -1;
    }
    if (*size < 1 || *size > MAX_DATA_SIZE) {
        PyErr_SetString(PyExc_ValueError, "data has 1 to 1373 bytes");
        return -1;
    }
    return 0;
}

int datapath_need_args(Py_ssize_t given, Py_ssize_t wanted)
{
    if (given != wanted) {
        PyErr_SetString(PyExc_TypeError, "wrong number of arguments");
    }
    return given == wanted ? 0 : -1;
}

static PyObject *session_seal(Session *self, PyObject *const *args, Py_ssize_t count)
{
    unsigned char packet[MAX_PACKET_SIZE];
    uint32_t start, number;
    char *data;
    Py_ssize_t size;
    if (datapath_need_args(count, 3) < 0 || datapath_read_data(args, &start, &number, &data, &size) < 0) {
        return NULL;
    }
    size_t length = datapath_seal_packet(self, start, number, data, (size_t)size, packet);
    return PyBytes_FromStringAndSize((const char *)packet, (Py_ssize_t)length);
}

static PyObject *get_send_nonce(Session *self, void *closure)
{
    (void)closure;
    return PyBytes_FromStringAndSize((const char *)self->send_nonce, NONCE_SIZE);
}

static int copy_nonce(PyObject *value, unsigned char *nonce)
{
    if (value == NULL || !PyBytes_Check(value) || PyBytes_GET_SIZE(value) != NONCE_SIZE) {
        PyErr_SetString(PyExc_ValueError, "a nonce has 24 bytes");
        return -1;
    }
    memcpy(nonce, PyBytes_AS_STRING(value), NONCE_SIZE);
    return 0;
}

static int set_send_nonce(Session *self, PyObject *value, void *closure)
{
    (void)closure;
    return copy_nonce(value, self->send_nonce);
}

static PyObject *session_set_receive_nonce(Session *self, PyObject *value)
{
    return copy_nonce(value, self->receive_nonce) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef session_methods[] = {
    {"set_receive_nonce", (PyCFunction)session_set_receive_nonce, METH_O, "That of the peer's first packet."},
    {"open", (PyCFunction)session_open, METH_O, "(start, number, data) of a data packet, or None."},
    {"seal", (PyCFunction)(void (*)(void))session_seal, METH_FASTCALL,
     "The packet of (start, number, data)."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef session_fields[] = {
    {"send_nonce", (getter)get_send_nonce, (setter)set_send_nonce, "The nonce of the next packet.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject datapath_session_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "toxpy.system._datapath.Session",
    .tp_doc = "Keys and nonces of one crypto connection.",
    .tp_basicsize = sizeof(Session),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)session_init,
    .tp_dealloc = (destructor)session_dealloc,
    .tp_methods = session_methods,
    .tp_getset = session_fields,
};

PyObject *datapath_use_sodium(PyObject *module, PyObject *args)
{
    (void)module;
    unsigned long long seal, open, seal_two, open_two;
    if (!PyArg_ParseTuple(args, "KKKK", &seal, &open, &seal_two, &open_two)) {
        return NULL;
    }
    seal_box = (box_function *)(uintptr_t)seal;
    open_box = (box_function *)(uintptr_t)open;
    seal_chacha = (seal_function *)(uintptr_t)seal_two;
    open_chacha = (open_function *)(uintptr_t)open_two;
    /* pynacl does not declare this one, but its library or the one below has it */
    Dl_info found;
    void *library = dladdr((void *)(uintptr_t)seal, &found) != 0 && found.dli_fname != NULL
                        ? dlopen(found.dli_fname, RTLD_LAZY | RTLD_NOLOAD)
                        : NULL;
    void *address = library != NULL ? dlsym(library, "crypto_core_hchacha20") : NULL;
    if (library != NULL) {
        dlclose(library);
    }
    if (address == NULL) {
        PyErr_SetString(PyExc_ImportError, "libsodium without crypto_core_hchacha20");
        return NULL;
    }
    memcpy(&hchacha20, &address, sizeof address);
    Py_RETURN_NONE;
}
