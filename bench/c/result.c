/* The one line of JSON that a case ends with. */
#define _GNU_SOURCE
#include "launch.h"
#include "machine.h"

#include <stdarg.h>
#include <stdlib.h>

enum { MAX_METRICS = 64 };

static struct {
    char name[48];
    double v;
    const char *unit;
    const char *better;
} metrics[MAX_METRICS];
static int metric_count;
static char libs[1024];
static int64_t began;
static double busy0, stolen0, cpu0, spin_ms;

void begin_case(void)
{
    spin_ms = spin();
    machine_seconds(&busy0, &stolen0);
    cpu0 = cpu_self_s();
    began = now_ns();
}

void add_library(const char *tag, const char *version, const char *path)
{
    const size_t used = strlen(libs);
    snprintf(libs + used, sizeof(libs) - used, "%s\"%s\": \"%s %s\"", used > 0 ? ", " : "", tag, version,
             path);
}

static void print_text(const char *s)
{
    for (; *s != '\0'; ++s) {
        if (*s == '"' || *s == '\\') {
            putchar('\\');
        }

        putchar((unsigned char)*s < 32 ? ' ' : *s);
    }
}

void end_case(const char *status, const char *detail)
{
    const bool ok = strcmp(status, "ok") == 0;
    end_workers(ok);
    const double wall = since_s(began);
    double busy;
    double stolen;
    machine_seconds(&busy, &stolen);
    const double other = (busy - busy0 - workers_cpu_s() - (cpu_self_s() - cpu0)) / wall;
    spin_ms = (spin_ms + spin()) / 2;
    printf("{\"case\": \"%s\", \"status\": \"%s\", \"detail\": \"", setup.case_name, status);
    print_text(detail);
    printf("\", \"libs\": {%s}, \"wall_s\": %.2f, ", libs, wall);

    if (wall > 0.5 && isfinite(other)) {    /* the tick counters of /proc/stat are too coarse for less */
        printf("\"other_cpu\": %.3f, \"stolen_cpu\": %.3f, ", other, (stolen - stolen0) / wall);
    }

    printf("\"spin_ms\": %.2f, \"netns\": %s, \"metrics\": {", spin_ms, setup.in_netns ? "true" : "false");

    for (int i = 0; ok && i < metric_count; ++i) {
        printf("%s\"%s\": {\"value\": %.6g, \"unit\": \"%s\", \"better\": \"%s\"}", i > 0 ? ", " : "",
               metrics[i].name, metrics[i].v, metrics[i].unit, metrics[i].better);
    }

    printf("}}\n");
    exit(ok ? 0 : 1);
}

void stop_case(const char *status, const char *fmt, ...)
{
    char text[700];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    end_case(status, text);
}

void metric(const char *name, double v, const char *unit, const char *better)
{
    if (isfinite(v) && metric_count < MAX_METRICS) {
        snprintf(metrics[metric_count].name, sizeof(metrics[0].name), "%s", name);
        metrics[metric_count].v = v;
        metrics[metric_count].unit = unit;
        metrics[metric_count++].better = better;
    }
}

void cpu_share(const struct child *c, const char *name)
{
    metric(name, val(c, "cpu_s") / val(c, "wall_s"), "CPU", "lower");
}

double worst(double x, double y)
{
    return x > y ? x : y;
}
