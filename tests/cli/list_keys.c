/* Prints every key: path, whether it is frozen, default and second value, tab-separated; for keys.py. */
#include <stdio.h>

#include "config.h"

int main(void) {
    brood_section_t sections[CONFIG_SECTIONS];
    config_sections(NULL, sections);
    for (int64_t s = 0; s < CONFIG_SECTIONS; s++)
        for (int64_t k = 0; k < sections[s].count; k++) {
            const brood_key_t *key = &sections[s].keys[k];
            printf("%s\t%d\t%s\t%s\n", key->path, key->frozen, key->standard, key->other);
        }
    return 0;
}
