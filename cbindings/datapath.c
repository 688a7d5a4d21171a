/* The batch datapath: datagrams in and out of one UDP socket, many per system call, and the boxes of data packets.
 *
 * The module toxpy._datapath, the compiled twin of toxpy/datapath.py: the same two classes with the same methods, and a test compares them
 * packet by packet. It knows keys, nonces, addresses and buffers, and nothing of the protocol above them:
 *
 *     1b | low 16 bits of the nonce | box( start 4 | number 4 | zeros | data )
 *
 * libsodium is the one that pynacl brings: `use_sodium` is told where its functions are. The GIL is held throughout,
 * since no call here waits; but making a tuple may run the garbage collector and with it anybody's code, so that
 * whatever such code could change is owned while it is used.
 */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum {
    KIND_DATA = 0x1b,
    KEY_SIZE = 32,
    NONCE_SIZE = 24,
    MAC_SIZE = 16,
    HEAD_SIZE = 3, /* kind and nonce */
    INNER_SIZE = 8, /* start and number */
    MAX_PACKET_SIZE = 1400,
    MIN_PACKET_SIZE = HEAD_SIZE + INNER_SIZE + 1 + MAC_SIZE,
    MAX_DATA_SIZE = MAX_PACKET_SIZE - MIN_PACKET_SIZE + 1,
    NONCE_THRESHOLD = 21845,

    MAX_DATAGRAM_SIZE = 2048, /* nothing in Tox is bigger */
    MAX_FAILURES = 16, /* errors of one receive: more, and the socket is broken */
    BATCH = 16, /* messages per system call */
    /* UDP_GRO may join datagrams up to the biggest one there is; the rest keeps the buffers out of step in the cache */
    RX_SIZE = 65536 + 1088,
    KEY_OF_ADDRESS = 18, /* an IPv6 or mapped IPv4 address and the port, as on the wire */
    QUEUE_SLOTS = 64, /* packets waiting for one flush */
    QUEUE_BYTES = QUEUE_SLOTS * MAX_DATAGRAM_SIZE,
    MAX_SEGMENTS = 16, /* packets handed to the kernel as one: more would be a burst that routers see */
    MAX_GSO_FAILURES = 8, /* so often the kernel or a path refused; then no more of it on this socket */
    MAX_SCOPES = 4096,
    LEVEL_UDP = 17,
    OPTION_SEGMENT = 103, /* UDP_SEGMENT and UDP_GRO, which old headers lack */
    OPTION_GRO = 104,
};

typedef int box_function(unsigned char *, const unsigned char *, unsigned long long, const unsigned char *,
                         const unsigned char *);
static box_function *seal_box, *open_box;

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
static void nonce_add(unsigned char *nonce, int size, uint32_t amount)
{
    for (int i = size - 1; i >= 0 && amount != 0; i--) {
        amount += nonce[i];
        nonce[i] = (unsigned char)amount;
        amount >>= 8;
    }
}

/* Session: the keys and nonces of one crypto connection */

typedef struct {
    PyObject_HEAD
    unsigned char key[KEY_SIZE], receive_nonce[NONCE_SIZE], send_nonce[NONCE_SIZE];
} Session;

static int session_init(Session *self, PyObject *args, PyObject *kwargs)
{
    const char *key, *receive, *send;
    Py_ssize_t key_size, receive_size, send_size;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "no keyword arguments");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "y#y#y#", &key, &key_size, &receive, &receive_size, &send, &send_size)) {
        return -1;
    }
    if (key_size != KEY_SIZE || receive_size != NONCE_SIZE || send_size != NONCE_SIZE) {
        PyErr_SetString(PyExc_ValueError, "a key has 32 bytes, a nonce 24");
        return -1;
    }
    memcpy(self->key, key, KEY_SIZE);
    memcpy(self->receive_nonce, receive, NONCE_SIZE);
    memcpy(self->send_nonce, send, NONCE_SIZE);
    return 0;
}

static void session_dealloc(Session *self)
{
    explicit_bzero(self->key, sizeof self->key);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* The size of what is in the box, or -1; then nothing has changed. `plain` has room for MAX_PACKET_SIZE. */
static int open_packet(Session *self, const unsigned char *packet, size_t size, unsigned char *plain)
{
    if (size < MIN_PACKET_SIZE || size > MAX_PACKET_SIZE || packet[0] != KIND_DATA) {
        return -1;
    }
    unsigned char nonce[NONCE_SIZE];
    memcpy(nonce, self->receive_nonce, NONCE_SIZE);
    unsigned counter = (unsigned)packet[1] << 8 | packet[2];
    unsigned low = (unsigned)nonce[NONCE_SIZE - 2] << 8 | nonce[NONCE_SIZE - 1];
    if (counter < low) {
        nonce_add(nonce, NONCE_SIZE - 2, 1);
    }
    memcpy(nonce + NONCE_SIZE - 2, packet + 1, 2);
    if (open_box(plain, packet + HEAD_SIZE, size - HEAD_SIZE, nonce, self->key) != 0) {
        return -1;
    }
    if (((counter - low) & 0xffff) > 2 * NONCE_THRESHOLD) {
        nonce_add(self->receive_nonce, NONCE_SIZE, NONCE_THRESHOLD);
    }
    return (int)size - HEAD_SIZE - MAC_SIZE;
}

/* (start, number, data without the zeros in front) */
static PyObject *make_record(const unsigned char *plain, int size)
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
static size_t seal_packet(Session *self, uint32_t start, uint32_t number, const char *data, size_t size,
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
    seal_box(out + HEAD_SIZE, plain, inner, self->send_nonce, self->key);
    nonce_add(self->send_nonce, NONCE_SIZE, 1);
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
    int inner = open_packet(self, (const unsigned char *)data, (size_t)size, plain);
    return inner < 0 ? Py_NewRef(Py_None) : make_record(plain, inner);
}

/* start, number and data of the arguments from `args` on. */
static int read_data(PyObject *const *args, uint32_t *start, uint32_t *number, char **data, Py_ssize_t *size)
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

static int need_args(Py_ssize_t given, Py_ssize_t wanted)
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
    if (need_args(count, 3) < 0 || read_data(args, &start, &number, &data, &size) < 0) {
        return NULL;
    }
    size_t length = seal_packet(self, start, number, data, (size_t)size, packet);
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
    {"seal", (PyCFunction)(void (*)(void))session_seal, METH_FASTCALL, "The packet of (start, number, data)."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef session_fields[] = {
    {"send_nonce", (getter)get_send_nonce, (setter)set_send_nonce, "The nonce of the next packet.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyTypeObject SessionType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "toxpy._datapath.Session",
    .tp_doc = "Keys and nonces of one crypto connection.",
    .tp_basicsize = sizeof(Session),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)session_init,
    .tp_dealloc = (destructor)session_dealloc,
    .tp_methods = session_methods,
    .tp_getset = session_fields,
};

/* Datapath: one socket */

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} Name;

struct queued {
    Name name;
    unsigned offset, size;
};

/* Packets and bytes of one kind, not yet added to the profile's lists. */
struct tally {
    int kind;
    unsigned long packets, bytes;
};

typedef struct {
    PyObject_HEAD
    int fd, ipv6, held, gso_failures, queued;
    unsigned queued_bytes;
    Py_ssize_t oversized;
    PyObject *routes; /* address as on the wire -> (session, connection, address) */
    PyObject *errors, *scopes; /* dicts of our owner: errno -> count, link-local IP -> interface */
    PyObject *counts[4]; /* the profile's lists: packets and bytes received, packets and bytes sent */
    /* the last address looked up, and what it led to: borrowed from `routes` */
    unsigned char last_key[KEY_OF_ADDRESS];
    PyObject *last_route;
    bool last_valid;
    struct queued *queue;
    unsigned char *queue_data;
} Datapath;

/* One megabyte of which only what arrives is touched. It belongs to the `receive` that is running, if any. */
typedef unsigned char RxData[BATCH][RX_SIZE];
static RxData *idle_rx;

static RxData *borrow_rx(void)
{
    RxData *rx = idle_rx;
    idle_rx = NULL;
    return rx != NULL ? rx : PyMem_RawMalloc(sizeof *rx);
}

static void give_back_rx(RxData *rx)
{
    if (idle_rx == NULL) {
        idle_rx = rx;
    } else {
        PyMem_RawFree(rx);
    }
}

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

static void count_error(Datapath *self, int number, int amount)
{
    PyObject *key = PyLong_FromLong(number);
    if (key != NULL) {
        count_number(self->errors, key, amount);
    }
    Py_XDECREF(key);
    PyErr_Clear();
}

/* Add a tally to the lists of packets and bytes. */
static void settle(Datapath *self, struct tally *tally, int first)
{
    unsigned long amounts[2] = {tally->packets, tally->bytes};
    for (int i = 0; i < 2 && tally->packets != 0; i++) {
        PyObject *list = self->counts[first + i];
        if (tally->kind < PyList_GET_SIZE(list)) {
            unsigned long long sum = PyLong_AsUnsignedLongLong(PyList_GET_ITEM(list, tally->kind)) + amounts[i];
            PyObject *item = PyLong_FromUnsignedLongLong(sum);
            if (item == NULL || PyList_SetItem(list, tally->kind, item) < 0) {
                PyErr_Clear();
            }
        }
    }
    tally->packets = tally->bytes = 0;
}

static void count_packet(Datapath *self, struct tally *tally, int first, int kind, size_t size)
{
    if (kind != tally->kind) {
        settle(self, tally, first);
        tally->kind = kind;
    }
    tally->packets++;
    tally->bytes += size;
}

/* addresses */

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void key_of_name(const Name *name, unsigned char *key)
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

static PyObject *address_of_key(const unsigned char *key)
{
    int skip = memcmp(key, mapped_prefix, 12) == 0 ? 12 : 0;
    return Py_BuildValue("(y#i)", (const char *)key + skip, (Py_ssize_t)(16 - skip), key[16] << 8 | key[17]);
}

/* (4 or 16 bytes, port) -> key; -1 with an exception for anything else */
static int key_of_address(PyObject *address, unsigned char *key)
{
    if (!PyTuple_Check(address) || PyTuple_GET_SIZE(address) != 2 || !PyBytes_Check(PyTuple_GET_ITEM(address, 0))) {
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
static bool name_of_address(Datapath *self, PyObject *address, const unsigned char *key, Name *name)
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

static void note_scope(Datapath *self, const Name *name)
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
static PyObject *find_route(Datapath *self, const unsigned char *key)
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

static PyObject *datapath_route(Datapath *self, PyObject *const *args, Py_ssize_t count)
{
    unsigned char key[KEY_OF_ADDRESS];
    if (need_args(count, 3) < 0 || key_of_address(args[0], key) < 0) {
        return NULL;
    }
    if (args[1] != Py_None && Py_TYPE(args[1]) != &SessionType) {
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

/* receiving */

struct batch {
    PyObject *runs, *raw;
    PyObject *run; /* the list that records of `run_route` go to; `runs` holds it */
    PyObject *run_route;
    struct tally tally;
    RxData *rx;
};

static int add_record(struct batch *batch, PyObject *route, PyObject *record)
{
    if (batch->run == NULL || batch->run_route != route) {
        PyObject *list = PyList_New(0);
        PyObject *run = list != NULL
            ? PyTuple_Pack(3, PyTuple_GET_ITEM(route, 1), PyTuple_GET_ITEM(route, 2), list) : NULL;
        int failed = run == NULL || PyList_Append(batch->runs, run) < 0;
        Py_XDECREF(list), Py_XDECREF(run);
        if (failed) {
            return -1;
        }
        batch->run = list;
        Py_XSETREF(batch->run_route, Py_NewRef(route));
    }
    return PyList_Append(batch->run, record);
}

/* One datagram: a record when it opens under its route's session, else raw; -1 with an exception. */
static int take_datagram(Datapath *self, struct batch *batch, const unsigned char *key, const unsigned char *data,
                         size_t size)
{
    unsigned char plain[MAX_PACKET_SIZE];
    if (size > MAX_DATAGRAM_SIZE) {
        self->oversized++;
        return 0;
    }
    if (size != 0) {
        count_packet(self, &batch->tally, 0, data[0], size);
    }
    PyObject *item, *route = size != 0 && data[0] == KIND_DATA ? find_route(self, key) : NULL;
    Py_XINCREF(route);
    int inner = route != NULL ? open_packet((Session *)PyTuple_GET_ITEM(route, 0), data, size, plain) : -1;
    int failed;
    if (inner >= 0) {
        item = make_record(plain, inner);
        failed = item == NULL || add_record(batch, route, item) < 0;
    } else {
        PyObject *address = address_of_key(key);
        item = address != NULL ? Py_BuildValue("(y#N)", (const char *)data, (Py_ssize_t)size, address) : NULL;
        failed = item == NULL || PyList_Append(batch->raw, item) < 0;
    }
    Py_XDECREF(item), Py_XDECREF(route);
    return failed ? -1 : 0;
}

static size_t segment_size(struct msghdr *message, size_t size)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        int segment;
        if (c->cmsg_level == LEVEL_UDP && c->cmsg_type == OPTION_GRO && c->cmsg_len >= CMSG_LEN(sizeof segment)) {
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
            return segment > 0 ? (size_t)segment : size;
        }
    }
    return size;
}

/* Up to `limit` messages (each may be several datagrams): how many came, -1 with an exception. */
static long receive_some(Datapath *self, struct batch *batch, long limit)
{
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    Name names[BATCH];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } controls[BATCH];
    unsigned wanted = limit < BATCH ? (unsigned)limit : BATCH;
    for (unsigned i = 0; i < wanted; i++) {
        parts[i] = (struct iovec){(*batch->rx)[i], RX_SIZE};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &parts[i], .msg_iovlen = 1,
            .msg_control = &controls[i], .msg_controllen = sizeof controls[i]};
    }
    int got = recvmmsg(self->fd, messages, wanted, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        unsigned char key[KEY_OF_ADDRESS];
        size_t left = messages[i].msg_len, segment = segment_size(&messages[i].msg_hdr, left);
        const unsigned char *data = (*batch->rx)[i];
        key_of_name(&names[i], key);
        if (names[i].any.sa_family == AF_INET6 && names[i].v6.sin6_scope_id != 0) {
            note_scope(self, &names[i]);
        }
        do {
            size_t size = left < segment ? left : segment;
            if (take_datagram(self, batch, key, data, size) < 0) {
                return -2;
            }
            data += size, left -= size;
        } while (left != 0);
    }
    return got;
}

static PyObject *datapath_receive(Datapath *self, PyObject *argument)
{
    long limit = PyLong_AsLong(argument);
    if (limit == -1 && PyErr_Occurred()) {
        return NULL;
    }
    struct batch batch = {.runs = PyList_New(0), .raw = PyList_New(0), .rx = borrow_rx()};
    PyObject *result = NULL;
    bool more = false;
    int failures = 0;
    if (batch.runs == NULL || batch.raw == NULL || batch.rx == NULL) {
        PyErr_NoMemory();
        goto end;
    }
    while (limit > 0 && self->fd >= 0) {
        long wanted = limit < BATCH ? limit : BATCH, got = receive_some(self, &batch, limit);
        if (got == -2) {
            goto end;
        }
        if (got < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK) {
                break;
            }
            /* an answer from the network to something we sent; there may be more behind it */
            count_error(self, errno, 1);
            if (++failures >= MAX_FAILURES) {
                break;
            }
            continue;
        }
        limit -= got;
        if (got < wanted) {
            break;
        }
        more = limit <= 0;
    }
    settle(self, &batch.tally, 0);
    result = Py_BuildValue("(OOO)", batch.runs, batch.raw, more ? Py_True : Py_False);
end:
    if (batch.rx != NULL) {
        give_back_rx(batch.rx);
    }
    Py_XDECREF(batch.runs), Py_XDECREF(batch.raw), Py_XDECREF(batch.run_route);
    return result;
}

/* sending */

/* So many of the queue's packets from `first` on that the kernel can cut up itself: equal sizes to one address,
 * the last one may be shorter. */
static int segment_run(const Datapath *self, int first)
{
    const struct queued *queue = self->queue;
    int end = first + 1;
    if (self->gso_failures >= MAX_GSO_FAILURES || queue[first].size == 0) {
        return 1;
    }
    while (end < self->queued && end - first < MAX_SEGMENTS && queue[end].size != 0
           && queue[end].size <= queue[first].size && queue[end - 1].size == queue[first].size
           && memcmp(&queue[end].name, &queue[first].name, sizeof(Name)) == 0) {
        end++;
    }
    return end - first;
}

static void fill_message(const Datapath *self, int first, int count, struct msghdr *message, struct iovec *part,
                         char *control)
{
    struct queued *entry = &self->queue[first];
    size_t size = 0;
    for (int i = first; i < first + count; i++) {
        size += self->queue[i].size;
    }
    *part = (struct iovec){self->queue_data + entry->offset, size};
    *message = (struct msghdr){
        .msg_name = &entry->name, .msg_iov = part, .msg_iovlen = 1,
        .msg_namelen = self->ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)};
    if (count > 1) {
        uint16_t segment = (uint16_t)entry->size;
        message->msg_control = control;
        message->msg_controllen = CMSG_SPACE(sizeof segment);
        memset(control, 0, CMSG_SPACE(sizeof segment));
        struct cmsghdr *c = CMSG_FIRSTHDR(message);
        c->cmsg_level = LEVEL_UDP, c->cmsg_type = OPTION_SEGMENT, c->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(c), &segment, sizeof segment);
    }
}

/* The kernel or the path to that address cannot take a run; single packets it may. */
static bool is_segment_error(int number)
{
    return number == EINVAL || number == EMSGSIZE || number == EIO || number == EOPNOTSUPP || number == ENOPROTOOPT;
}

/* Send queued packets from `first` on: how many are done with. `together` allows runs. */
static int send_some(Datapath *self, int first, bool together, struct tally *tally)
{
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } controls[BATCH];
    int counts[BATCH], made = 0, at = first;
    while (made < BATCH && at < self->queued) {
        counts[made] = together ? segment_run(self, at) : 1;
        fill_message(self, at, counts[made], &messages[made].msg_hdr, &parts[made], controls[made].bytes);
        at += counts[made++];
    }
    int sent = sendmmsg(self->fd, messages, (unsigned)made, MSG_DONTWAIT | MSG_NOSIGNAL), done = 0;
    for (int i = 0; i < sent; i++) {
        for (int end = done + counts[i]; done < end; done++) {
            const struct queued *entry = &self->queue[first + done];
            if (entry->size != 0) {
                count_packet(self, tally, 2, self->queue_data[entry->offset], entry->size);
            }
        }
    }
    if (sent < 0) {
        int number = errno;
        if (counts[0] > 1 && is_segment_error(number)) {
            self->gso_failures++;
            for (done = 0; done < counts[0];) {
                int end = self->queued;
                self->queued = first + counts[0];
                done += send_some(self, first + done, false, tally);
                self->queued = end;
            }
            return done;
        }
        count_error(self, number, counts[0]);
        return counts[0];
    }
    return done;
}

static void flush(Datapath *self)
{
    if (self->queued == 0) {
        return;
    }
    struct tally tally = {0, 0, 0};
    for (int first = 0; first < self->queued && self->fd >= 0;) {
        first += send_some(self, first, true, &tally);
    }
    settle(self, &tally, 2);
    self->queued = 0;
    self->queued_bytes = 0;
}

/* Room for one more packet of at most `size` bytes, its address filled in; NULL with or without an exception. */
static struct queued *reserve(Datapath *self, PyObject *address, size_t size)
{
    unsigned char key[KEY_OF_ADDRESS];
    if (self->fd < 0 || key_of_address(address, key) < 0) {
        return NULL;
    }
    if (self->queue == NULL) {
        self->queue = PyMem_Calloc(QUEUE_SLOTS, sizeof *self->queue);
        self->queue_data = PyMem_Malloc(QUEUE_BYTES);
        if (self->queue == NULL || self->queue_data == NULL) {
            PyMem_Free(self->queue), PyMem_Free(self->queue_data);
            self->queue = NULL, self->queue_data = NULL;
            PyErr_NoMemory();
            return NULL;
        }
    }
    if (self->queued >= QUEUE_SLOTS || self->queued_bytes + size > QUEUE_BYTES) {
        flush(self);
    }
    struct queued *entry = &self->queue[self->queued];
    if (!name_of_address(self, address, key, &entry->name)) {
        count_error(self, EAFNOSUPPORT, 1);
        return NULL;
    }
    entry->offset = self->queued_bytes;
    return entry;
}

static PyObject *commit(Datapath *self, struct queued *entry, size_t size)
{
    entry->size = (unsigned)size;
    self->queued++;
    self->queued_bytes += (unsigned)size;
    if (!self->held) {
        flush(self);
    }
    Py_RETURN_NONE;
}

static PyObject *datapath_send(Datapath *self, PyObject *const *args, Py_ssize_t count)
{
    if (need_args(count, 2) < 0) {
        return NULL;
    }
    Py_buffer data;
    if (PyObject_GetBuffer(args[1], &data, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    if (data.len > QUEUE_BYTES / 2) {
        /* as the kernel would say */
        count_error(self, EMSGSIZE, 1);
        result = Py_NewRef(Py_None);
    } else {
        struct queued *entry = reserve(self, args[0], (size_t)data.len);
        if (entry != NULL) {
            memcpy(self->queue_data + entry->offset, data.buf, (size_t)data.len);
            result = commit(self, entry, (size_t)data.len);
        } else if (!PyErr_Occurred()) {
            result = Py_NewRef(Py_None);
        }
    }
    PyBuffer_Release(&data);
    return result;
}

static PyObject *datapath_send_data(Datapath *self, PyObject *const *args, Py_ssize_t count)
{
    uint32_t start, number;
    char *data;
    Py_ssize_t size;
    if (need_args(count, 5) < 0 || read_data(args + 2, &start, &number, &data, &size) < 0) {
        return NULL;
    }
    if (Py_TYPE(args[1]) != &SessionType) {
        PyErr_SetString(PyExc_TypeError, "not a session");
        return NULL;
    }
    struct queued *entry = reserve(self, args[0], MAX_PACKET_SIZE);
    if (entry == NULL) {
        if (PyErr_Occurred()) {
            return NULL;
        }
        /* the nonce is used up all the same */
        nonce_add(((Session *)args[1])->send_nonce, NONCE_SIZE, 1);
        Py_RETURN_NONE;
    }
    unsigned char *out = self->queue_data + entry->offset;
    return commit(self, entry, seal_packet((Session *)args[1], start, number, data, (size_t)size, out));
}

static PyObject *datapath_hold(Datapath *self, PyObject *unused)
{
    (void)unused;
    self->held++;
    Py_RETURN_NONE;
}

static PyObject *datapath_release(Datapath *self, PyObject *unused)
{
    (void)unused;
    if (self->held > 0) {
        self->held--;
    }
    flush(self);
    Py_RETURN_NONE;
}

static PyObject *datapath_flush(Datapath *self, PyObject *unused)
{
    (void)unused;
    flush(self);
    Py_RETURN_NONE;
}

static PyObject *datapath_close(Datapath *self, PyObject *unused)
{
    (void)unused;
    flush(self);
    self->fd = -1;
    self->last_valid = false;
    PyDict_Clear(self->routes);
    Py_RETURN_NONE;
}

/* life */

static int datapath_traverse(Datapath *self, visitproc visit, void *arg)
{
    Py_VISIT(self->routes);
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
    PyObject *sock, *profile, *errors, *scopes;
    int ipv6;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "OpOO!O!", &sock, &ipv6, &profile, &PyDict_Type, &errors, &PyDict_Type, &scopes)) {
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
    for (int i = 0; i < 4; i++) {
        self->counts[i] = PyObject_GetAttrString(profile, lists[i]);
        if (self->counts[i] == NULL || !PyList_Check(self->counts[i]) || self->routes == NULL) {
            if (!PyErr_Occurred()) {
                PyErr_SetString(PyExc_TypeError, "not a profile");
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
    {"send_data", (PyCFunction)(void (*)(void))datapath_send_data, METH_FASTCALL, "Send or queue a data packet."},
    {"route", (PyCFunction)(void (*)(void))datapath_route, METH_FASTCALL, "Whose data packets come from there."},
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
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "toxpy._datapath.Datapath",
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

static PyObject *use_sodium(PyObject *module, PyObject *args)
{
    (void)module;
    unsigned long long seal, open;
    if (!PyArg_ParseTuple(args, "KK", &seal, &open)) {
        return NULL;
    }
    seal_box = (box_function *)(uintptr_t)seal;
    open_box = (box_function *)(uintptr_t)open;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"use_sodium", use_sodium, METH_VARARGS, "Addresses of crypto_secretbox_easy and crypto_secretbox_open_easy."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "toxpy._datapath", .m_doc = "The compiled twin of toxpy.datapath.",
    .m_size = -1, .m_methods = functions,
};

PyMODINIT_FUNC PyInit__datapath(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || PyModule_AddType(module, &SessionType) < 0 || PyModule_AddType(module, &DatapathType) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
