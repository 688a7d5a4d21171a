/* What the parts of the compiled datapath share; see datapath.c.
 *
 * datapath_session.c    keys and nonces, boxes
 * datapath_group.c      packets of sessions in groups
 * datapath_address.c    addresses, routes, counts
 * datapath_receive.c    recvmmsg
 * datapath_send.c       the queue, sendmmsg
 */
#ifndef TOXPY_DATAPATH_H
#define TOXPY_DATAPATH_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum {
    KIND_DATA = 0x1b,
    KEY_SIZE = 32,
    NONCE_SIZE = 24,
    PREFIX_SIZE = 16, /* of a nonce of XChaCha20; what follows is that of ChaCha20 */
    MAC_SIZE = 16,
    HEAD_SIZE = 3, /* kind and nonce */
    INNER_SIZE = 8, /* start and number */
    MAX_PACKET_SIZE = 1400,
    MIN_PACKET_SIZE = HEAD_SIZE + INNER_SIZE + 1 + MAC_SIZE,
    MAX_DATA_SIZE = MAX_PACKET_SIZE - MIN_PACKET_SIZE + 1,
    NONCE_THRESHOLD = 21845,

    KIND_GROUP_LOSSLESS = 0x5b,
    KIND_GROUP_LOSSY = 0x5c,
    MAX_GROUP_PACKET_SIZE = 1477,
    MAX_GROUP_DATA_SIZE = 1377,
    GROUP_PADDED_LOSSLESS = 500, /* data that c-toxcore sends in one packet: they count in the padding */
    GROUP_PADDED_LOSSY = 1373,

    MAX_DATAGRAM_SIZE = 2048, /* nothing in Tox is bigger */
    MAX_FAILURES = 16, /* errors of one receive: more, and the socket is broken */
    BATCH = 16, /* messages per system call */
    /* UDP_GRO may join datagrams up to the biggest one there is; the rest keeps the buffers out of step in the cache */
    RX_SIZE = 65536 + 1088,
    KEY_OF_ADDRESS = 18, /* an IPv6 or mapped IPv4 address and the port, as on the wire */
    QUEUE_SLOTS = 64, /* packets waiting for one flush */
    QUEUE_BYTES = QUEUE_SLOTS * MAX_DATAGRAM_SIZE,
    MAX_SEGMENTS =
        8, /* packets handed to the kernel as one: others wait 90 ms behind such a row at 1 Mbit/s */
    MAX_GSO_FAILURES = 8, /* so often the kernel or a path refused; then no more of it on this socket */
    MAX_SCOPES = 4096,
    LEVEL_UDP = 17,
    OPTION_SEGMENT = 103, /* UDP_SEGMENT and UDP_GRO, which old headers lack */
    OPTION_GRO = 104,
};

/* One direction's key. */
typedef struct {
    unsigned char key[KEY_SIZE];
    /* XChaCha20: the key of all nonces that begin so */
    unsigned char subkey[KEY_SIZE], prefix[PREFIX_SIZE];
    bool has_subkey;
} Direction;

/* The data packets of one crypto connection. Boxes are XSalsa20-Poly1305, both ways with the same key; or, as after a
 * Noise handshake, XChaCha20-Poly1305 with a key for each direction. In the child of a fork, where another process has
 * the same nonces, it opens nothing, and its packets are empty. */
typedef struct {
    PyObject_HEAD Direction receive, send;
    unsigned char receive_nonce[NONCE_SIZE], send_nonce[NONCE_SIZE];
    bool xchacha;
    unsigned forks;
} Session;

extern PyTypeObject datapath_session_type;

/* From now on every fork is counted. */
int datapath_watch_forks(void);
/* Told where libsodium's functions are. */
PyObject *datapath_use_sodium(PyObject *module, PyObject *args);
/* libsodium's boxes; of `size` bytes without and with the MAC. False: it does not open. */
void datapath_seal_box(unsigned char *out, const unsigned char *plain, size_t size,
                       const unsigned char *nonce, const unsigned char *key);
bool datapath_open_box(unsigned char *plain, const unsigned char *box, size_t size,
                       const unsigned char *nonce, const unsigned char *key);
void datapath_nonce_add(unsigned char *nonce, int size, uint32_t amount);
/* The size of what is in the box, or -1; then nothing has changed. `plain` has room for MAX_PACKET_SIZE. */
int datapath_open_packet(Session *self, const unsigned char *packet, size_t size, unsigned char *plain);
/* (start, number, data without the zeros in front) */
PyObject *datapath_make_record(const unsigned char *plain, int size);
/* Writes the packet to `out`, which has room for MAX_PACKET_SIZE: its size. */
size_t datapath_seal_packet(Session *self, uint32_t start, uint32_t number, const char *data, size_t size,
                            unsigned char *out);
/* start, number and data of the arguments from `args` on; -1 with an exception. */
int datapath_read_data(PyObject *const *args, uint32_t *start, uint32_t *number, char **data,
                       Py_ssize_t *size);
int datapath_need_args(Py_ssize_t given, Py_ssize_t wanted);

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} Name;

struct queued {
    Name name;
    unsigned offset, size;
};

/* Packets and bytes of one kind, not yet added to the traffic counters' lists. */
struct tally {
    int kind;
    unsigned long packets, bytes;
};

typedef struct {
    PyObject_HEAD int fd, ipv6, held, gso_failures, queued;
    unsigned queued_bytes;
    Py_ssize_t oversized;
    PyObject *routes; /* address as on the wire -> (session, connection, address) */
    PyObject *members; /* key of a member of a group -> (key of the session with it, session) */
    PyObject *errors, *scopes; /* dicts of our owner: errno -> count, link-local IP -> interface */
    PyObject *counts[4]; /* the traffic counters' lists: packets and bytes received, packets and bytes sent */
    /* the last address looked up, and what it led to: borrowed from `routes` */
    unsigned char last_key[KEY_OF_ADDRESS];
    PyObject *last_route;
    bool last_valid;
    struct queued *queue;
    unsigned char *queue_data;
} Datapath;

/* First of the two lists in `counts`. */
enum { RECEIVED = 0, SENT = 2 };

void datapath_count_error(Datapath *self, int number, int amount);
/* Add a tally to the lists of packets and bytes. */
void datapath_settle(Datapath *self, struct tally *tally, int first);
void datapath_count_packet(Datapath *self, struct tally *tally, int first, int kind, size_t size);

void datapath_key_of_name(const Name *name, unsigned char *key);
PyObject *datapath_address_of_key(const unsigned char *key);
/* (4 or 16 bytes, port) -> key; -1 with an exception for anything else */
int datapath_key_of_address(PyObject *address, unsigned char *key);
/* What the kernel calls it; false when this socket cannot reach that family. */
bool datapath_name_of_address(Datapath *self, PyObject *address, const unsigned char *key, Name *name);
void datapath_note_scope(Datapath *self, const Name *name);
/* The route of an address, NULL for none; borrowed. */
PyObject *datapath_find_route(Datapath *self, const unsigned char *key);

/* Room for one more packet of at most `size` bytes, its address filled in; NULL with or without an exception. */
struct queued *datapath_reserve(Datapath *self, PyObject *address, size_t size);
/* It is in the queue, and sent unless somebody holds: None. */
PyObject *datapath_commit(Datapath *self, struct queued *entry, size_t size);
void datapath_flush_queue(Datapath *self);
PyObject *datapath_find_member(Datapath *self, const unsigned char *packet, size_t size);
PyObject *datapath_open_group(PyObject *member, const unsigned char *packet, size_t size);

/* methods */
PyObject *datapath_route(Datapath *self, PyObject *const *args, Py_ssize_t count);
PyObject *datapath_receive(Datapath *self, PyObject *argument);
PyObject *datapath_send(Datapath *self, PyObject *const *args, Py_ssize_t count);
PyObject *datapath_send_data(Datapath *self, PyObject *const *args, Py_ssize_t count);
PyObject *datapath_member(Datapath *self, PyObject *const *args, Py_ssize_t count);
PyObject *datapath_send_group(Datapath *self, PyObject *const *args, Py_ssize_t count);
PyObject *datapath_hold(Datapath *self, PyObject *unused);
PyObject *datapath_release(Datapath *self, PyObject *unused);

#endif
