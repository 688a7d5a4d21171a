/* Packets sealed and queued, and many sent per system call. */
#define _GNU_SOURCE
#include "datapath.h"

/* sending */

/* So many of the queue's packets from `first` on that the kernel can cut up itself: equal sizes to one address,
 * the last one may be shorter. */
static int segment_run(const Datapath *self, int first)
{
    const struct queued *queue = self->queue;
    int end = first + 1;
    if (self->gso_failures >= MAX_GSO_FAILURES || queue[first].size == 0
        || queue[first].size > MAX_DATAGRAM_SIZE) {
        return 1;
    }
    while (end < self->queued && end - first < MAX_SEGMENTS && queue[end].size != 0
           && queue[end].size <= queue[first].size && queue[end - 1].size == queue[first].size
           && memcmp(&queue[end].name, &queue[first].name, sizeof(Name)) == 0) {
        end++;
    }
    return end - first;
}

static void fill_message(const Datapath *self, int first, int count, struct msghdr *message,
                         struct iovec *part, char *control)
{
    struct queued *entry = &self->queue[first];
    size_t size = 0;
    for (int i = first; i < first + count; i++) {
        size += self->queue[i].size;
    }
    *part = (struct iovec){self->queue_data + entry->offset, size};
    *message =
        (struct msghdr){.msg_name = &entry->name,
                        .msg_iov = part,
                        .msg_iovlen = 1,
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
    return number == EINVAL || number == EMSGSIZE || number == EIO || number == EOPNOTSUPP
           || number == ENOPROTOOPT;
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
                datapath_count_packet(self, tally, SENT, self->queue_data[entry->offset], entry->size);
            }
        }
    }
    /* none sent without an error is what a sandbox that swallows the call says */
    if (sent <= 0) {
        int number = sent < 0 ? errno : EPERM;
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
        datapath_count_error(self, number, counts[0]);
        return counts[0];
    }
    return done;
}

void datapath_flush_queue(Datapath *self)
{
    if (self->queued == 0) {
        return;
    }
    struct tally tally = {0, 0, 0};
    for (int first = 0; first < self->queued && self->fd >= 0;) {
        first += send_some(self, first, true, &tally);
    }
    datapath_settle(self, &tally, SENT);
    self->queued = 0;
    self->queued_bytes = 0;
}

struct queued *datapath_reserve(Datapath *self, PyObject *address, size_t size)
{
    unsigned char key[KEY_OF_ADDRESS];
    if (self->fd < 0 || datapath_key_of_address(address, key) < 0) {
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
        datapath_flush_queue(self);
    }
    struct queued *entry = &self->queue[self->queued];
    if (!datapath_name_of_address(self, address, key, &entry->name)) {
        datapath_count_error(self, EAFNOSUPPORT, 1);
        return NULL;
    }
    entry->offset = self->queued_bytes;
    return entry;
}

PyObject *datapath_commit(Datapath *self, struct queued *entry, size_t size)
{
    entry->size = (unsigned)size;
    self->queued++;
    self->queued_bytes += (unsigned)size;
    if (!self->held) {
        datapath_flush_queue(self);
    }
    Py_RETURN_NONE;
}

PyObject *datapath_send(Datapath *self, PyObject *const *args, Py_ssize_t count)
{
    if (datapath_need_args(count, 2) < 0) {
        return NULL;
    }
    Py_buffer data;
    if (PyObject_GetBuffer(args[1], &data, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    if (data.len > QUEUE_BYTES / 2) {
        /* as the kernel would say */
        datapath_count_error(self, EMSGSIZE, 1);
        result = Py_NewRef(Py_None);
    } else {
        struct queued *entry = datapath_reserve(self, args[0], (size_t)data.len);
        if (entry != NULL) {
            memcpy(self->queue_data + entry->offset, data.buf, (size_t)data.len);
            result = datapath_commit(self, entry, (size_t)data.len);
        } else if (!PyErr_Occurred()) {
            result = Py_NewRef(Py_None);
        }
    }
    PyBuffer_Release(&data);
    return result;
}

PyObject *datapath_send_data(Datapath *self, PyObject *const *args, Py_ssize_t count)
{
    uint32_t start, number;
    char *data;
    Py_ssize_t size;
    if (datapath_need_args(count, 5) < 0 || datapath_read_data(args + 2, &start, &number, &data, &size) < 0) {
        return NULL;
    }
    if (Py_TYPE(args[1]) != &datapath_session_type) {
        PyErr_SetString(PyExc_TypeError, "not a session");
        return NULL;
    }
    struct queued *entry = datapath_reserve(self, args[0], MAX_PACKET_SIZE);
    if (entry == NULL) {
        if (PyErr_Occurred()) {
            return NULL;
        }
        /* the nonce is used up all the same */
        datapath_nonce_add(((Session *)args[1])->send_nonce, NONCE_SIZE, 1);
        Py_RETURN_NONE;
    }
    unsigned char *out = self->queue_data + entry->offset;
    return datapath_commit(self, entry,
                           datapath_seal_packet((Session *)args[1], start, number, data, (size_t)size, out));
}

PyObject *datapath_hold(Datapath *self, PyObject *unused)
{
    (void)unused;
    self->held++;
    Py_RETURN_NONE;
}

PyObject *datapath_release(Datapath *self, PyObject *unused)
{
    (void)unused;
    if (self->held > 0) {
        self->held--;
    }
    datapath_flush_queue(self);
    Py_RETURN_NONE;
}
