#include "config_sample.h"

#include <string.h>

#define MAIN(member)  offsetof(sample_main_t, member)
#define OTHER(member) offsetof(sample_other_t, member)

static const brood_key_t main_keys[] = {
    {.path = "run.round",
     .kind = BROOD_KEY_INTEGER,
     .offset = MAIN(round),
     .frozen = true,
     .standard = "8",
     .other = "4",
     .range = "1 .. 1000",
     .unit = "episodes",
     .help = "Episodes of a round.",
     .effect = "More is calmer."},
    {.path = "run.seed",
     .kind = BROOD_KEY_INTEGER,
     .offset = MAIN(seed),
     .frozen = true,
     .standard = "1",
     .other = "2",
     .range = "0 ..",
     .help = "Where randomness begins."},
    {.path = "child.rate",
     .kind = BROOD_KEY_REAL,
     .offset = MAIN(rate),
     .frozen = true,
     .standard = "0.001",
     .other = "0.01",
     .range = "(0 .. 1]",
     .help = "Step | size."},
    {.path = "checkpoint.every",
     .kind = BROOD_KEY_DURATION,
     .offset = MAIN(every),
     .standard = "30 s",
     .other = "1 min",
     .range = "0.1 .. 86400",
     .help = "Between saves"},
    {.path = "space.skip",
     .kind = BROOD_KEY_BOOL,
     .offset = MAIN(skip),
     .frozen = true,
     .standard = "false",
     .other = "true",
     .help = "Skip connections."},
    {.path = "data.dir",
     .kind = BROOD_KEY_TEXT,
     .offset = MAIN(dir),
     .standard = "~",
     .other = "/tmp",
     .help = "Where the images are."},
};

static const brood_key_t other_keys[] = {
    {.path = "run.numerics",
     .kind = BROOD_KEY_WORD,
     .offset = OTHER(numerics),
     .frozen = true,
     .standard = "portable",
     .other = "native",
     .range = "portable | native",
     .help = "Whose bits."},
    {.path = "space.filters",
     .kind = BROOD_KEY_CHOICES,
     .offset = OTHER(filters),
     .frozen = true,
     .standard = "[16, 32, 48]",
     .other = "[8]",
     .range = "1 .. 4096",
     .help = "Filters of a layer."},
    {.path = "space.kernel_size",
     .kind = BROOD_KEY_SIZES,
     .offset = OTHER(kernel_size),
     .frozen = true,
     .standard = "[1, 3, 5]",
     .other = "[5x3]",
     .range = "1 .. 100",
     .help = "Height and width."},
    {.path = "strategy.start",
     .kind = BROOD_KEY_TEXTS,
     .offset = OTHER(start),
     .frozen = true,
     .standard = "[]",
     .other = "[\"5,32\"]",
     .help = "Given architectures."},
    {.path = "strategy.stop.patience",
     .kind = BROOD_KEY_REAL,
     .offset = OTHER(patience),
     .standard = "0",
     .other = "1",
     .range = "[-10 .. 10)",
     .help = "Three names deep."},
};

void sample_init(sample_t *sample) {
    memset(sample, 0, sizeof *sample);
    sample->sections[0] = (brood_section_t){main_keys, sizeof main_keys / sizeof *main_keys, &sample->main};
    sample->sections[1] = (brood_section_t){other_keys, sizeof other_keys / sizeof *other_keys, &sample->other};
}

brood_err_t sample_read(sample_t *sample, const char *yaml) {
    return brood_config_read_text("c.yaml", yaml, NULL, sample->sections, SAMPLE_SECTIONS);
}

brood_err_t sample_set(sample_t *sample, const char *first, ...) {
    const char *set[8] = {first};
    va_list     rest;
    va_start(rest, first);
    for (int i = 1; set[i - 1] && i < 8; i++) set[i] = va_arg(rest, const char *);
    va_end(rest);
    return brood_config_read(NULL, set, sample->sections, SAMPLE_SECTIONS);
}
