/* Worker roles: one file transfer, content checked at the receiver; a friend request. */
#define _GNU_SOURCE
#include "roles.h"

static double now_d(void)
{
    return (double)now_ns();
}

/* ---- file: one transfer, content checked at the receiver ------------------ */

static struct {
    uint8_t *data;
    size_t size, pos;
    uint32_t number;
    uint8_t id[TOX_FILE_ID_LENGTH];
    double start_at, end_at;
    double mib_at, half_at;     /* when the first MiB and the first half had arrived */
    bool finished;
    uint64_t chunks, refused, out_of_order;
} file;

static void file_args(struct bench *b)
{
    file.size = (size_t)arg_num(b->argv, "size", 1 << 26);
    file.data = (uint8_t *)malloc(file.size);
    memset(file.data, 0, file.size);    /* touch the pages before the clock runs */
}

static void file_on_request(Tox *tox, uint32_t f, uint32_t number, uint64_t pos, size_t len, void *user)
{
    Tox_Err_File_Send_Chunk err;
    (void)user;

    if (len == 0) {
        file.finished = true;
        file.end_at = now_d();
        return;
    }

    if (pos + len > file.size) {
        fail("chunk request beyond the end: %llu + %zu", (unsigned long long)pos, len);
    }

    tox_file_send_chunk(tox, f, number, pos, file.data + pos, len, &err);

    if (err == TOX_ERR_FILE_SEND_CHUNK_SENDQ) {
        ++file.refused;
    } else if (err != TOX_ERR_FILE_SEND_CHUNK_OK) {
        fail("tox_file_send_chunk: error %d", (int)err);
    } else {
        ++file.chunks;
        file.pos = pos + len;
    }
}

static void file_tx_setup(struct bench *b)
{
    file_args(b);
    fill_pattern(file.data, file.size, 42);
    tox_hash(file.id, file.data, file.size);
    tox_callback_file_chunk_request(b->in[0].tox, file_on_request);
}

static void file_tx_start(struct bench *b)
{
    Tox_Err_File_Send err;
    file.start_at = now_d();
    file.number = tox_file_send(b->in[0].tox, 0, TOX_FILE_KIND_DATA, file.size, file.id,
                                (const uint8_t *)"bench", 5, &err);

    if (err != TOX_ERR_FILE_SEND_OK) {
        fail("tox_file_send: error %d", (int)err);
    }
}

static bool file_step(struct bench *b)
{
    (void)b;
    return file.finished;
}

static void file_tx_finish(struct bench *b)
{
    (void)b;
    report("t_start", file.start_at);
    report("chunks", (double)file.chunks);
    report("refused", (double)file.refused);
}

static void file_progress(struct bench *b, char *out, size_t cap)
{
    (void)b;
    snprintf(out, cap, "%.2f of %.2f MB", (double)file.pos / 1e6, (double)file.size / 1e6);
}

static void file_on_recv(Tox *tox, uint32_t f, uint32_t number, uint32_t kind, uint64_t size,
                         const uint8_t *name, size_t name_len, void *user)
{
    Tox_Err_File_Control err;
    (void)kind, (void)name, (void)name_len, (void)user;

    if (size != file.size || !tox_file_get_file_id(tox, f, number, file.id, NULL)) {
        fail("wrong file offered");
    }

    tox_file_control(tox, f, number, TOX_FILE_CONTROL_RESUME, &err);

    if (err != TOX_ERR_FILE_CONTROL_OK) {
        fail("tox_file_control: error %d", (int)err);
    }
}

static void file_on_chunk(Tox *tox, uint32_t f, uint32_t number, uint64_t pos, const uint8_t *data,
                          size_t len, void *user)
{
    (void)tox, (void)f, (void)number, (void)user;

    if (len == 0) {
        file.finished = true;
        return;
    }

    if (pos + len > file.size) {
        fail("chunk beyond the end");
    }

    file.out_of_order += pos != file.pos;
    ++file.chunks;
    memcpy(file.data + pos, data, len);
    file.pos = pos + len;
    file.end_at = now_d();

    if (file.mib_at == 0 && file.pos >= 1048576) {
        file.mib_at = file.end_at;
    }

    if (file.half_at == 0 && file.pos >= file.size / 2) {
        file.half_at = file.end_at;
    }
}

static void file_rx_setup(struct bench *b)
{
    file_args(b);
    tox_callback_file_recv(b->in[0].tox, file_on_recv);
    tox_callback_file_recv_chunk(b->in[0].tox, file_on_chunk);
}

static void file_rx_finish(struct bench *b)
{
    uint8_t hash[TOX_HASH_LENGTH];
    uint8_t *want = (uint8_t *)malloc(file.size);
    (void)b;
    tox_hash(hash, file.data, file.size);
    fill_pattern(want, file.size, 42);
    report("t_end", file.end_at);
    report("t_mib", file.mib_at);
    report("t_half", file.half_at);
    report("out_of_order", (double)file.out_of_order);
    report("ok", memcmp(hash, file.id, sizeof(hash)) == 0 && memcmp(want, file.data, file.size) == 0);
    free(want);
}

/* ---- friend request -------------------------------------------------------- */

static struct {
    double start_at, request_at, online_at;
} freq;

static void freq_tx_start(struct bench *b)
{
    uint8_t addr[TOX_ADDRESS_SIZE];
    Tox_Err_Friend_Add err;
    from_hex(addr, sizeof(addr), arg_str(b->argv, "addr", ""));
    freq.start_at = now_d();
    tox_friend_add(b->in[0].tox, addr, (const uint8_t *)"hello from bench", 16, &err);

    if (err != TOX_ERR_FRIEND_ADD_OK) {
        fail("tox_friend_add: error %d", (int)err);
    }
}

static void freq_on_request(Tox *tox, const uint8_t *pk, const uint8_t *msg, size_t len, void *user)
{
    (void)user;

    if (len != 16 || memcmp(msg, "hello from bench", 16) != 0) {
        fail("wrong friend request message");
    }

    freq.request_at = now_d();
    tox_friend_add_norequest(tox, pk, NULL);
}

static void freq_rx_setup(struct bench *b)
{
    tox_callback_friend_request(b->in[0].tox, freq_on_request);
}

static bool freq_step(struct bench *b)
{
    if (b->in[0].online_udp + b->in[0].online_tcp > 0) {
        freq.online_at = now_d();
        return true;
    }

    return false;
}

static void freq_finish(struct bench *b)
{
    (void)b;
    report("t_start", freq.start_at);
    report("t_request", freq.request_at);
    report("t_online", freq.online_at);
}

static void freq_progress(struct bench *b, char *out, size_t cap)
{
    (void)b;
    snprintf(out, cap, "request %s", freq.request_at > 0 ? "received" : "not (yet) received here");
}

static const struct role roles[] = {
    {.name = "file_tx",
     .setup = file_tx_setup,
     .start = file_tx_start,
     .step = file_step,
     .finish = file_tx_finish,
     .progress = file_progress},
    {.name = "file_rx",
     .setup = file_rx_setup,
     .step = file_step,
     .finish = file_rx_finish,
     .progress = file_progress},
    {.name = "freq_tx",
     .start = freq_tx_start,
     .step = freq_step,
     .finish = freq_finish,
     .progress = freq_progress},
    {.name = "freq_rx",
     .setup = freq_rx_setup,
     .step = freq_step,
     .finish = freq_finish,
     .progress = freq_progress},
};

const struct role *file_role(const char *name)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); ++i) {
        if (strcmp(name, roles[i].name) == 0) {
            return &roles[i];
        }
    }

    return NULL;
}
