/* Worker roles: round trips, and numbered messages or custom packets in one direction. */
#define _GNU_SOURCE
#include "roles.h"

static double now_d(void)
{
    return (double)now_ns();
}

/* ---- ping: round trips of short messages -------------------------------- */

static struct {
    int64_t sent_at;
    uint32_t seq;
    double rtt_ms[20000];
    size_t n;
    bool waiting;
    uint64_t rng;
} ping = {.rng = 7};

static void ping_send(struct bench *b)
{
    char text[64];
    Tox_Err_Friend_Send_Message err;
    snprintf(text, sizeof(text), "ping %u", ++ping.seq);
    ping.sent_at = now_ns();
    tox_friend_send_message(b->in[0].tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)text, strlen(text),
                            &err);

    if (err != TOX_ERR_FRIEND_SEND_MESSAGE_OK) {
        fail("tox_friend_send_message: error %d", (int)err);
    }

    ping.waiting = true;
}

static void ping_on_reply(Tox *tox, uint32_t f, Tox_Message_Type type, const uint8_t *msg, size_t len,
                          void *user)
{
    char text[64] = "";
    char want[64];
    (void)tox, (void)f, (void)type, (void)user;
    memcpy(text, msg, len < sizeof(text) - 1 ? len : sizeof(text) - 1);
    snprintf(want, sizeof(want), "ping %u", ping.seq);

    if (!ping.waiting || strcmp(text, want) != 0) {
        fail("unexpected reply '%s', wanted '%s'", text, want);
    }

    ping.rtt_ms[ping.n++] = since_s(ping.sent_at) * 1e3;
    ping.waiting = false;
}

static void ping_setup(struct bench *b)
{
    tox_callback_friend_message(b->in[0].tox, ping_on_reply);
}

static bool ping_step(struct bench *b)
{
    if (ping.n >= (size_t)arg_num(b->argv, "count", 1000)
        || (since_s(b->start_ns) > arg_num(b->argv, "seconds", 10) && !ping.waiting)) {
        return true;
    }

    if (!ping.waiting && b->wake_at == 0) {
        if (b->tight) {
            ping_send(b);
        } else {
            /* a user types at any moment, not just when the loop wakes */
            b->wake_at = now_ns() + (int64_t)(rng_next(&ping.rng) % 50000000);
        }
    }

    return false;
}

static void ping_finish(struct bench *b)
{
    (void)b;
    qsort(ping.rtt_ms, ping.n, sizeof(double), cmp_double);
    report("count", (double)ping.n);
    report("p50_ms", percentile(ping.rtt_ms, ping.n, 50));
    report("p99_ms", percentile(ping.rtt_ms, ping.n, 99));
}

static void echo_on_message(Tox *tox, uint32_t f, Tox_Message_Type type, const uint8_t *msg, size_t len,
                            void *user)
{
    Tox_Err_Friend_Send_Message err;
    (void)user;
    tox_friend_send_message(tox, f, type, msg, len, &err);

    if (err != TOX_ERR_FRIEND_SEND_MESSAGE_OK) {
        fail("echo: error %d", (int)err);
    }
}

static void echo_setup(struct bench *b)
{
    tox_callback_friend_message(b->in[0].tox, echo_on_message);
}

/* ---- flow: numbered messages or custom packets in one direction ---------- */

enum flow_kind { FLOW_MESSAGE, FLOW_LOSSLESS, FLOW_LOSSY };

static struct {
    enum flow_kind kind;
    uint32_t count;         /* 0: as many as fit into .seconds (lossy) */
    uint32_t window;        /* messages without receipt; 0: no limit but the queue's */
    size_t size;
    double rate, seconds;   /* rate 0: as fast as possible */
    uint32_t burst;
    uint32_t sent, receipts, refused;
    double last_receipt;
    uint32_t got, dup, out_of_order, bad;
    uint8_t *seen;
    double first_at, last_at;
    uint8_t buf[1400];
} flow;

static void flow_args(struct bench *b)
{
    const char *kind = arg_str(b->argv, "kind", "message");
    flow.kind = strcmp(kind, "lossy") == 0      ? FLOW_LOSSY
                : strcmp(kind, "lossless") == 0 ? FLOW_LOSSLESS
                                                : FLOW_MESSAGE;
    flow.count = (uint32_t)arg_num(b->argv, "count", 0);
    flow.window = (uint32_t)arg_num(b->argv, "window", 0);
    flow.size = (size_t)arg_num(b->argv, "size", 1000);
    flow.rate = arg_num(b->argv, "rate", 0);
    flow.seconds = arg_num(b->argv, "seconds", 5);
    flow.burst = (uint32_t)arg_num(b->argv, "burst", 64);
    flow.seen = (uint8_t *)calloc(1, 1u << 24);
}

static void flow_on_receipt(Tox *tox, uint32_t f, uint32_t id, void *user)
{
    (void)tox, (void)f, (void)id, (void)user;
    ++flow.receipts;
    flow.last_receipt = now_d();
}

/* returns false when the queue is full */
static bool flow_send_one(struct bench *b)
{
    Tox *tox = b->in[0].tox;
    const uint32_t seq = flow.sent;
    bool full = false;
    int error = 0;
    memset(flow.buf, 'a' + (int)(seq % 26), flow.size);
    flow.buf[0] = flow.kind == FLOW_LOSSY ? 200 : 160;
    memcpy(flow.buf + 1, &seq, sizeof(seq));

    if (flow.kind == FLOW_MESSAGE) {
        Tox_Err_Friend_Send_Message e;
        tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, flow.buf, flow.size, &e);
        error = (int)e;
        full = e == TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ;
    } else {
        Tox_Err_Friend_Custom_Packet e;

        if (flow.kind == FLOW_LOSSY) {
            tox_friend_send_lossy_packet(tox, 0, flow.buf, flow.size, &e);
        } else {
            tox_friend_send_lossless_packet(tox, 0, flow.buf, flow.size, &e);
        }

        error = (int)e;
        full = e == TOX_ERR_FRIEND_CUSTOM_PACKET_SENDQ;
    }

    if (full) {
        ++flow.refused;
        return false;
    }

    if (error != 0) {
        fail("send of item %u: error %d%s", seq, error,
             b->in[0].online_udp + b->in[0].online_tcp == 0 ? ", friend lost" : "");
    }

    ++flow.sent;
    return true;
}

static void flow_tx_setup(struct bench *b)
{
    flow_args(b);
    tox_callback_friend_read_receipt(b->in[0].tox, flow_on_receipt);
}

static bool flow_tx_step(struct bench *b)
{
    const double t = since_s(b->start_ns);

    if (flow.count == 0) {
        uint32_t want = flow.rate > 0 ? (uint32_t)(t * flow.rate) : flow.sent + flow.burst;

        while (t < flow.seconds && flow.sent < want && flow_send_one(b)) {
        }

        return t >= flow.seconds;
    }

    while (flow.sent < flow.count && (flow.window == 0 || flow.sent - flow.receipts < flow.window)
           && flow_send_one(b)) {
    }

    return flow.kind == FLOW_MESSAGE && flow.receipts >= flow.count;
}

static void flow_tx_finish(struct bench *b)
{
    report("sent", flow.sent);
    report("receipts", flow.receipts);
    report("refused", flow.refused);
    report("t_start", (double)b->start_ns);
    report("t_receipt", flow.last_receipt);
}

static void flow_tx_progress(struct bench *b, char *out, size_t cap)
{
    (void)b;
    snprintf(out, cap, "%u of %u sent, %u receipts", flow.sent, flow.count, flow.receipts);
}

static void flow_take(const uint8_t *data, size_t len)
{
    uint32_t seq;

    if (len != flow.size) {
        ++flow.bad;
        return;
    }

    memcpy(&seq, data + 1, sizeof(seq));

    if (seq >= 1u << 24 || data[len - 1] != 'a' + seq % 26 || data[len / 2] != data[len - 1]) {
        ++flow.bad;
        return;
    }

    flow.dup += flow.seen[seq];
    flow.seen[seq] = 1;
    flow.out_of_order += seq != flow.got;
    flow.last_at = now_d();
    flow.first_at = flow.got == 0 ? flow.last_at : flow.first_at;
    ++flow.got;
}

static void flow_on_message(Tox *tox, uint32_t f, Tox_Message_Type type, const uint8_t *msg, size_t len,
                            void *user)
{
    (void)tox, (void)f, (void)type, (void)user;
    flow_take(msg, len);
}

static void flow_on_packet(Tox *tox, uint32_t f, const uint8_t *data, size_t len, void *user)
{
    (void)tox, (void)f, (void)user;
    flow_take(data, len);
}

static void flow_rx_setup(struct bench *b)
{
    Tox *tox = b->in[0].tox;
    flow_args(b);
    tox_callback_friend_message(tox, flow_on_message);
    tox_callback_friend_lossy_packet(tox, flow_on_packet);
    tox_callback_friend_lossless_packet(tox, flow_on_packet);
}

static bool flow_rx_step(struct bench *b)
{
    (void)b;
    return flow.count != 0 && flow.got >= flow.count;
}

static void flow_rx_finish(struct bench *b)
{
    (void)b;
    report("got", flow.got);
    report("dup", flow.dup);
    report("out_of_order", flow.out_of_order);
    report("bad", flow.bad);
    report("t_first", flow.first_at);
    report("t_last", flow.last_at);
}

static void flow_rx_progress(struct bench *b, char *out, size_t cap)
{
    (void)b;
    snprintf(out, cap, "%u of %u received", flow.got, flow.count);
}

static const struct role roles[] = {
    {.name = "ping", .setup = ping_setup, .step = ping_step, .timer = ping_send, .finish = ping_finish},
    {.name = "echo", .setup = echo_setup},
    {.name = "flow_tx",
     .setup = flow_tx_setup,
     .step = flow_tx_step,
     .finish = flow_tx_finish,
     .progress = flow_tx_progress},
    {.name = "flow_rx",
     .setup = flow_rx_setup,
     .step = flow_rx_step,
     .finish = flow_rx_finish,
     .progress = flow_rx_progress},
};

const struct role *message_role(const char *name)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); ++i) {
        if (strcmp(name, roles[i].name) == 0) {
            return &roles[i];
        }
    }

    return NULL;
}
