/* Many datagrams per system call, and data packets opened on the way. */
#define _GNU_SOURCE
#include "datapath.h"

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

/* receiving */

struct batch {
    PyObject *runs, *raw;
    PyObject *run; /* the list that records for `run_receiver` from `run_key` go to; `runs` holds both */
    PyObject *run_receiver;
    unsigned char run_key[KEY_OF_ADDRESS];
    struct tally tally;
    RxData *rx;
};

/* `address` is that of `key`, or NULL for a new one. */
static int add_record(struct batch *batch, PyObject *receiver, const unsigned char *key, PyObject *address,
                      PyObject *record)
{
    if (batch->run == NULL || batch->run_receiver != receiver
        || memcmp(key, batch->run_key, KEY_OF_ADDRESS) != 0) {
        PyObject *list = PyList_New(0);
        PyObject *source = address != NULL ? Py_NewRef(address) : datapath_address_of_key(key);
        PyObject *run = list != NULL && source != NULL ? PyTuple_Pack(3, receiver, source, list) : NULL;
        int failed = run == NULL || PyList_Append(batch->runs, run) < 0;
        Py_XDECREF(list), Py_XDECREF(source), Py_XDECREF(run);
        if (failed) {
            return -1;
        }
        batch->run = list;
        batch->run_receiver = receiver;
        memcpy(batch->run_key, key, KEY_OF_ADDRESS);
    }
    return PyList_Append(batch->run, record);
}

/* What is in a packet of a member of a group: 1, 0 if it does not open, -1 with an exception. */
static int take_group_packet(Datapath *self, struct batch *batch, const unsigned char *key,
                             const unsigned char *data, size_t size)
{
    PyObject *member = datapath_find_member(self, data, size);
    if (member == NULL) {
        return 0;
    }
    Py_INCREF(member);
    PyObject *record = datapath_open_group(member, data, size);
    int failed = record == NULL || add_record(batch, PyTuple_GET_ITEM(member, 1), key, NULL, record) < 0;
    Py_DECREF(member);
    if (record == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_DECREF(record);
    return failed ? -1 : 1;
}

/* One datagram: a record when it opens under its route's session, else raw; -1 with an exception. */
static int take_datagram(Datapath *self, struct batch *batch, const unsigned char *key,
                         const unsigned char *data, size_t size)
{
    unsigned char plain[MAX_PACKET_SIZE];
    if (size > MAX_DATAGRAM_SIZE) {
        self->oversized++;
        return 0;
    }
    if (size != 0) {
        datapath_count_packet(self, &batch->tally, RECEIVED, data[0], size);
    }
    if (size != 0 && (data[0] == KIND_GROUP_LOSSLESS || data[0] == KIND_GROUP_LOSSY)) {
        int taken = take_group_packet(self, batch, key, data, size);
        if (taken != 0) {
            return taken < 0 ? -1 : 0;
        }
    }
    PyObject *item, *route = size != 0 && data[0] == KIND_DATA ? datapath_find_route(self, key) : NULL;
    Py_XINCREF(route);
    int inner =
        route != NULL ? datapath_open_packet((Session *)PyTuple_GET_ITEM(route, 0), data, size, plain) : -1;
    int failed;
    if (inner >= 0) {
        item = datapath_make_record(plain, inner);
        failed = item == NULL
                 || add_record(batch, PyTuple_GET_ITEM(route, 1), key, PyTuple_GET_ITEM(route, 2), item) < 0;
    } else {
        PyObject *address = datapath_address_of_key(key);
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
        if (c->cmsg_level == LEVEL_UDP && c->cmsg_type == OPTION_GRO
            && c->cmsg_len >= CMSG_LEN(sizeof segment)) {
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
        names[i].any.sa_family = AF_UNSPEC;
        parts[i] = (struct iovec){(*batch->rx)[i], RX_SIZE};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &names[i],
                                              .msg_namelen = sizeof names[i],
                                              .msg_iov = &parts[i],
                                              .msg_iovlen = 1,
                                              .msg_control = &controls[i],
                                              .msg_controllen = sizeof controls[i]};
    }
    int got = recvmmsg(self->fd, messages, wanted, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        unsigned char key[KEY_OF_ADDRESS];
        size_t left = messages[i].msg_len, segment = segment_size(&messages[i].msg_hdr, left);
        const unsigned char *data = (*batch->rx)[i];
        if (names[i].any.sa_family != (self->ipv6 ? AF_INET6 : AF_INET)) {
            /* the descriptor is not our socket any more, and this was for somebody else */
            datapath_count_error(self, EAFNOSUPPORT, 1);
            continue;
        }
        datapath_key_of_name(&names[i], key);
        if (names[i].any.sa_family == AF_INET6 && names[i].v6.sin6_scope_id != 0) {
            datapath_note_scope(self, &names[i]);
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

PyObject *datapath_receive(Datapath *self, PyObject *argument)
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
            datapath_count_error(self, errno, 1);
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
    datapath_settle(self, &batch.tally, RECEIVED);
    result = Py_BuildValue("(OOO)", batch.runs, batch.raw, more ? Py_True : Py_False);
end:
    if (batch.rx != NULL) {
        give_back_rx(batch.rx);
    }
    Py_XDECREF(batch.runs), Py_XDECREF(batch.raw);
    return result;
}
