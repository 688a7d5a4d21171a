/* toxbench: runs one case and prints one line of JSON. Does not load any Tox library itself. */
#define _GNU_SOURCE
#include "launch.h"
#include "machine.h"

#include <unistd.h>

struct setup setup;

static const struct {
    const char *name;
    const char *kind;   /* one: the subject is side a, helpers use side r; two: sides a and b */
    void (*run)(void);
    const char *what;
} cases[] = {
    {"startup", "one", case_startup, "process start to first tox_new, 10 more, memory"},
    {"connect_udp", "two", case_connect_udp, "a bootstraps from b, until both see the friend over UDP"},
    {"connect_tcp", "two", case_connect_tcp, "both without UDP, through the TCP relay r"},
    {"friend_request", "two", case_friend_request, "tox_friend_add over a DHT of 6 nodes (4 of r)"},
    {"ping_interval", "two", case_ping_interval, "message round trip, tox_iteration_interval loop"},
    {"ping_tight", "two", case_ping_tight, "message round trip, 50 us loop"},
    {"msgs_burst", "two", case_msgs_burst,
     "10000 messages of 1000 bytes at once, until all read receipts; 50 us loop"},
    {"msgs_tight", "two", case_msgs_tight, "60000 messages, as many as the queue takes; 50 us loop"},
    {"msgs_window", "two", case_msgs_window, "30000 messages, at most 256 without receipt; 50 us loop"},
    {"msgs_interval", "two", case_msgs_interval, "5000 messages at once; tox_iteration_interval loop"},
    {"msgs_interval_window", "two", case_msgs_interval_window,
     "5000 messages, at most 256 without receipt; tox_iteration_interval loop"},
    {"file_small", "two", case_file_small,
     "1 MiB file (a photo) a to b over UDP, tox_iteration_interval loop"},
    {"file_interval", "two", case_file_interval, "16 MiB, tox_iteration_interval loop"},
    {"file_tight", "two", case_file_tight, "64 MiB, 50 us loop"},
    {"file_big", "two", case_file_big, "192 MiB, 50 us loop"},
    {"file_tcp", "two", case_file_tcp,
     "16 MiB through the TCP relay r (own interval), clients in a 50 us loop"},
    {"lossy_flood", "two", case_lossy_flood, "custom lossy packets of 1000 bytes, as fast as possible"},
    {"lossy_paced", "two", case_lossy_paced, "custom lossy packets of 200 bytes, 2000/s"},
    {"lossless", "two", case_lossless, "custom lossless packets of 1000 bytes, until all arrived"},
    {"idle_1", "one", case_idle_1, "idle with one friend online, own interval"},
    {"idle_100", "one", case_idle_100, "the same and 100 offline friends"},
    {"conference_2", "two", case_conference_2, "2 members, one speaks, 40 bytes; then idle"},
    {"conference_10", "two", case_conference_10, "10 members (5 + 5), all invited at once"},
    {"conference_30", "two", case_conference_30, "30 members (15 + 15), invited one by one"},
    {"conference_join_10", "two", case_conference_join_10, "10 are invited at once, until all see all"},
    {"conference_join_30", "two", case_conference_join_30, "30 are invited at once"},
    {"group_2", "two", case_group_2, "2 members of a group, one speaks, 40 bytes, then a burst; then idle"},
    {"group_10", "two", case_group_10, "10 members (5 + 5), invited one by one"},
    {"group_30", "two", case_group_30, "30 members (15 + 15), invited one by one"},
    {"group_loss_2", "two", case_group_loss_2, "messages of 1300 bytes, 2% of all packets lost"},
    {"group_loss_5", "two", case_group_loss_5, "the same with 5%"},
    {"many", "one", case_many, "20 instances in one process, friends in a ring"},
    {"save_load", "one", case_save_load, "1000 friends: save, load, encrypt, decrypt"},
    {"api", "one", case_api, "CPU cost of single calls, 100 offline friends, not connected"},
    {"dht_join", "one", case_dht_join, "30 reference instances join through a"},
    {"dht_flood", "one", case_dht_flood, "raw ping and get-nodes requests to a, 64 outstanding"},
    {"relay_load", "one", case_relay_load,
     "a is the TCP relay of a 16 MiB transfer between r and r; relay in a 50 us loop"},
    {"relay_load_interval", "one", case_relay_load_interval,
     "the same with 4 MiB, relay in its own interval"},
    {"conference_audio_3", "two", case_conference_audio_3, "a conference of 3 with audio, one speaks"},
    {"conference_audio_10", "two", case_conference_audio_10, "a conference of 10 with audio, one speaks"},
    {"av_audio", "two", case_av_audio, "a call with audio"},
    {"av_audio_loss_5", "two", case_av_audio_loss_5, "the same, 5 of 100 packets are lost"},
    {"av_audio_loss_20", "two", case_av_audio_loss_20, "the same, 20 of 100 packets are lost"},
    {"av_video", "two", case_av_video, "a call with audio, and video from a to b at 1000 kbit/s"},
    {"av_video_loss_5", "two", case_av_video_loss_5, "the same, 5 of 100 packets are lost"},
    {"av_video_loss_20", "two", case_av_video_loss_20, "the same, 20 of 100 packets are lost"},
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static int side_of(char letter)
{
    return letter == 'a' ? SIDE_A : letter == 'b' ? SIDE_B : SIDE_R;
}

static void list_cases(void)
{
    for (size_t k = 0; k < CASES; ++k) {
        printf("%s\t%s\t%s\n", cases[k].name, cases[k].kind, cases[k].what);
    }
}

/* Reads the command line into setup. False: it makes no sense. */
static bool parse(int argc, char **argv, bool *netns)
{
    for (int i = 1; i < argc; ++i) {
        const bool side = strlen(argv[i]) == 7 && strchr("abr", argv[i][6]) != NULL && i + 1 < argc;

        if (side && strncmp(argv[i], "--lib-", 6) == 0) {
            setup.sides[side_of(argv[i][6])].lib = argv[i + 1];
            ++i;
        } else if (side && strncmp(argv[i], "--env-", 6) == 0) {
            const int number = side_of(argv[i][6]);

            if (setup.sides[number].env_count == MAX_ENV) {
                return false;
            }

            setup.sides[number].env[setup.sides[number].env_count++] = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--set") == 0 && setup.setting_count < MAX_SETTINGS - 1) {
            setup.settings[setup.setting_count++] = argv[++i];
        } else if (strcmp(argv[i], "--no-netns") == 0) {
            *netns = false;
        } else if (strcmp(argv[i], "--announce") == 0) {
            setup.announce = true;
        } else if (argv[i][0] != '-' && setup.case_name == NULL) {
            setup.case_name = argv[i];
        } else {
            return false;
        }
    }

    return setup.case_name != NULL;
}

static bool find_bin_dir(void)
{
    const ssize_t len = readlink("/proc/self/exe", setup.bin_dir, sizeof(setup.bin_dir) - 1);
    char *slash = len > 0 ? strrchr(setup.bin_dir, '/') : NULL;

    if (slash != NULL) {
        *slash = '\0';
    }

    return slash != NULL;
}

int main(int argc, char **argv)
{
    bool netns = true;

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list_cases();
        return 0;
    }

    if (!parse(argc, argv, &netns) || !find_bin_dir()) {
        fprintf(stderr, "usage: toxbench CASE [--lib-a DIR] [--lib-b DIR] [--lib-r DIR] [--env-a K=V] "
                        "[--set key=value] [--no-netns] [--announce] | --list\n");
        return 2;
    }

    watch_signals();

    for (size_t k = 0; k < CASES; ++k) {
        if (strcmp(setup.case_name, cases[k].name) == 0) {
            setup.in_netns = netns && enter_netns();
            begin_case();
            cases[k].run();
            end_case("ok", "");
        }
    }

    fprintf(stderr, "no such case: %s\n", setup.case_name);
    return 2;
}
