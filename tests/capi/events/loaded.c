/* Events that come from bytes: no instance, no interpreter, bounded memory; and given to callbacks. */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tox/tox.h>
#include <tox/tox_dispatch.h>
#include <tox/tox_events.h>
#include <tox/tox_private.h>

#include "../host/check.h"

/* a message, a name, an unknown lossless packet, a receipt, typing, a node of the DHT, a message */
static const uint8_t SEVEN[] = "\x97"
                               "\x92\x08\x93\x05\x01\xc4\x02hi"
                               "\x92\x05\x92\x05\xc4\x00"
                               "\x92\x04\x92\x05\xc4\x03\xa7xy"
                               "\x92\x09\x92\x05\xce\x00\x01\x00\x00"
                               "\x92\x0a\x92\x05\xc3"
                               "\x92\x27\x93\xc4\x20"
                               "0123456789abcdef0123456789abcdef"
                               "\xa9"
                               "127.0.0.1"
                               "\xcd\x82\xa5"
                               "\x92\x08\x93\x06\x00\xc4\x03you";

static char order[100];
static Tox *killed;

static Tox_Events *load_seven(void)
{
    return tox_events_load(NULL, SEVEN, sizeof SEVEN - 1);
}

static bool python_runs(void)
{
    int (*initialized)(void);
    *(void **)&initialized = dlsym(RTLD_DEFAULT, "Py_IsInitialized");
    CHECK(initialized != NULL);
    return initialized() != 0;
}

/* what tox_dispatch_invoke() calls */

static void table_message(const Tox_Event_Friend_Message *event, void *user_data)
{
    CHECK(user_data == order);
    sprintf(order + strlen(order), "m%u ", tox_event_friend_message_get_friend_number(event));
}

static void table_typing(const Tox_Event_Friend_Typing *event, void *user_data)
{
    CHECK(user_data == order);
    sprintf(order + strlen(order), "t%d ", tox_event_friend_typing_get_typing(event));
}

static void table_node(const Tox_Event_Dht_Nodes_Response *event, void *user_data)
{
    CHECK(user_data == order && strcmp(tox_event_dht_nodes_response_get_ip(event), "127.0.0.1") == 0);
    CHECK(tox_event_dht_nodes_response_get_ip_length(event) == 9);
    CHECK(memcmp(tox_event_dht_nodes_response_get_public_key(event), "0123456789abcdef0123456789abcdef", 32)
          == 0);
    sprintf(order + strlen(order), "d%u ", tox_event_dht_nodes_response_get_port(event));
}

/* by the names of 0.2.20 */
static void table_node_0_2_20(const Tox_Event_Dht_Get_Nodes_Response *event, void *user_data)
{
    CHECK(user_data == order && tox_event_dht_get_nodes_response_get_ip_length(event) == 9);
    CHECK(memcmp(tox_event_dht_get_nodes_response_get_ip(event), "127.0.0.1", 10) == 0);
    CHECK(tox_event_dht_get_nodes_response_get_public_key(event)
          == tox_event_dht_nodes_response_get_public_key(event));
    sprintf(order + strlen(order), "D%u ", tox_event_dht_get_nodes_response_get_port(event));
}

static void test_table(void)
{
    Tox_Err_Dispatch_New error = (Tox_Err_Dispatch_New)-1;
    Tox_Dispatch *dispatch = tox_dispatch_new(&error);
    CHECK(dispatch != NULL && error == TOX_ERR_DISPATCH_NEW_OK);
    Tox_Events *events = load_seven();
    tox_dispatch_invoke(dispatch, events, NULL); /* an empty table */
    tox_events_callback_friend_message(dispatch, table_message);
    tox_events_callback_friend_typing(dispatch, table_typing);
    tox_events_callback_dht_nodes_response(dispatch, table_node);
    tox_dispatch_invoke(dispatch, NULL, order);
    tox_dispatch_invoke(dispatch, events, order);
    CHECK(strcmp(order, "m5 t1 d33445 m6 ") == 0);
    tox_events_callback_friend_message(dispatch, NULL);
    order[0] = '\0';
    tox_dispatch_invoke(dispatch, events, order);
    CHECK(strcmp(order, "t1 d33445 ") == 0);
    order[0] = '\0';
    tox_events_callback_dht_get_nodes_response(dispatch, table_node_0_2_20);
    tox_dispatch_invoke(dispatch, events, order);
    CHECK(strcmp(order, "t1 D33445 ") == 0);
    order[0] = '\0';
    tox_events_free(events);
    tox_dispatch_free(dispatch);
    memory_refuse_after = 0;
    CHECK(tox_dispatch_new(&error) == NULL && error == TOX_ERR_DISPATCH_NEW_MALLOC);
    memory_refuse_after = -1;
}

static void test_getters(void)
{
    Tox_Events *events = load_seven();
    CHECK(tox_events_get_size(events) == 7 && tox_events_get(events, 7) == NULL);
    const Tox_Event *first = tox_events_get(events, 0);
    CHECK(tox_event_get_type(first) == TOX_EVENT_FRIEND_MESSAGE && tox_event_get_friend_name(first) == NULL);
    CHECK(strcmp(tox_event_type_to_string(tox_event_get_type(first)), "TOX_EVENT_FRIEND_MESSAGE") == 0);
    const Tox_Event_Friend_Message *message = tox_event_get_friend_message(first);
    CHECK(tox_event_friend_message_get_type(message) == TOX_MESSAGE_TYPE_ACTION);
    CHECK(tox_event_friend_message_get_message_length(message) == 2);
    CHECK(memcmp(tox_event_friend_message_get_message(message), "hi", 2) == 0);
    CHECK(tox_event_friend_name_get_name(tox_event_get_friend_name(tox_events_get(events, 1))) == NULL);
    CHECK(tox_events_get_friend_message_size(events) == 2 && tox_events_get_file_recv_size(events) == 0);
    CHECK(tox_events_get_friend_message(events, 0) == message
          && tox_events_get_friend_message(events, 2) == NULL);
    CHECK(tox_event_friend_message_get_friend_number(tox_events_get_friend_message(events, 1)) == 6);
    const Tox_Event *node = tox_events_get(events, 5);
    CHECK(tox_event_get_type(node) == TOX_EVENT_DHT_GET_NODES_RESPONSE);
    CHECK(tox_event_get_dht_get_nodes_response(node) == tox_event_get_dht_nodes_response(node));
    CHECK(tox_event_get_dht_get_nodes_response(node) != NULL);
    CHECK(tox_event_get_dht_get_nodes_response(first) == NULL);
    uint8_t bytes[sizeof SEVEN];
    CHECK(tox_events_bytes_size(events) == sizeof SEVEN - 1 && tox_events_get_bytes(events, bytes));
    CHECK(memcmp(bytes, SEVEN, sizeof SEVEN - 1) == 0);
    Tox_Events *others = tox_events_load(NULL, (const uint8_t *)"\x90", 1);
    CHECK(others != NULL && tox_events_equal(NULL, others, NULL) && !tox_events_equal(NULL, others, events));
    tox_events_free(others);
    bytes[9] ^= 1; /* the "i" of "hi" */
    others = tox_events_load(NULL, bytes, sizeof SEVEN - 1);
    CHECK(others != NULL && !tox_events_equal(NULL, others, events));
    tox_events_free(others);
    tox_events_free(events);
}

/* memory */

static void test_refused_memory(void)
{
    for (int after = 0;; after++) {
        memory_refuse_after = after;
        Tox_Events *events = load_seven();
        memory_refuse_after = -1;
        if (events != NULL) {
            CHECK(after >= 8);
            tox_events_free(events);
            break;
        }
        CHECK(memory_blocks == 0);
    }
}

static long most_for(const uint8_t *bytes, uint32_t size, bool accepted)
{
    memory_most = 0;
    Tox_Events *events = tox_events_load(NULL, bytes, size);
    CHECK((events != NULL) == accepted);
    tox_events_free(events);
    CHECK(memory_blocks == 0 && memory_bytes == 0);
    return memory_most;
}

static void test_claims(void)
{
    /* 4 GiB of events, of arguments, of a message, of a text: nothing is reserved for a claim */
    static const char *const claims[] = {
        "\xdd\xff\xff\xff\xff",
        "\xdd\xff\xff\xff\xff\x92\x08\x93\x05\x01\xc4\x02hi",
        "\x91\x92\x08\xdd\xff\xff\xff\xff",
        "\x91\x92\x08\x93\x05\x01\xc6\xff\xff\xff\xffhi",
        "\x91\x92\x08\x93\x05\x01\xc6\x7f\xff\xff\xffhi",
        "\x91\x92\x27\x93\xc4\x20"
        "0123456789abcdef0123456789abcdef"
        "\xdb\xff\xff\xff\xff",
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        CHECK(most_for((const uint8_t *)claims[i], (uint32_t)strlen(claims[i]), false) < 200);
    }
    /* deep nesting is refused at once, and not followed */
    static uint8_t deep[1000000];
    memset(deep, 0x91, sizeof deep);
    CHECK(most_for(deep, sizeof deep, false) < 200);
    /* the smallest events, as many as fit */
    enum { SMALL = 200000 };
    static uint8_t many[5 + 3 * SMALL] = {0xdd, SMALL >> 24, (uint8_t)(SMALL >> 16), (uint8_t)(SMALL >> 8),
                                          (uint8_t)SMALL};
    for (size_t i = 0; i < SMALL; i++) {
        memcpy(many + 5 + 3 * i, "\x92\x10\x00", 3);
    }
    CHECK(most_for(many, sizeof many, true) < 25L * (long)sizeof many);
}

/* tox_events_dispatch() */

static void on_message(Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type,
                       const uint8_t *message, size_t length, void *user_data)
{
    CHECK(tox != NULL && user_data == order);
    sprintf(order + strlen(order), "m%u:%d:%.*s ", friend_number, type, (int)length, (const char *)message);
}

static void on_packet(Tox *tox, Tox_Friend_Number friend_number, const uint8_t *data, size_t length,
                      void *user_data)
{
    CHECK(tox != NULL && user_data == order && data[0] == 0xa7);
    sprintf(order + strlen(order), "p%u:%u ", friend_number, (unsigned)length);
}

static void on_receipt(Tox *tox, Tox_Friend_Number friend_number, Tox_Friend_Message_Id message_id,
                       void *user_data)
{
    CHECK(tox != NULL && user_data == order);
    sprintf(order + strlen(order), "r%u:%u ", friend_number, message_id);
}

static void on_typing(Tox *tox, Tox_Friend_Number friend_number, bool typing, void *user_data)
{
    (void)friend_number;
    CHECK(typing && user_data == order);
    strcat(order, "kill ");
    tox_kill(tox);
    killed = tox;
}

static void test_dispatch_to_an_instance(void)
{
    Tox *tox = tox_new(NULL, NULL);
    CHECK(tox != NULL);
    Tox_Events *events = load_seven();
    tox_events_dispatch(tox, NULL, order);
    tox_events_dispatch(tox, events, order); /* no callbacks */
    tox_events_init(tox);
    tox_events_dispatch(tox, events, order); /* those that record do so in tox_events_iterate() only */
    CHECK(order[0] == '\0');
    tox_callback_friend_message(tox, on_message);
    tox_callback_friend_lossless_packet_per_pktid(tox, on_packet, 0xa7);
    tox_callback_friend_read_receipt(tox, on_receipt);
    tox_events_dispatch(tox, events, order);
    CHECK(strcmp(order, "m5:1:hi p5:3 r5:65536 m6:0:you ") == 0);
    order[0] = '\0';
    tox_callback_friend_typing(tox, on_typing);
    tox_callback_friend_lossless_packet_per_pktid(tox, NULL, 0xa7);
    tox_events_dispatch(tox, events, order);
    CHECK(killed == tox && strcmp(order, "m5:1:hi r5:65536 kill ") == 0);
    CHECK(tox_events_get_size(events) == 7);
    tox_events_free(events);
}

int main(void)
{
    test_getters();
    test_table();
    test_refused_memory();
    test_claims();
    CHECK(memory_blocks == 0 && !python_runs());
    test_dispatch_to_an_instance();
    puts("ok");
    return 0;
}
