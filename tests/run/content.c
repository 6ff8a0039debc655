#include "content.h"

#include <stdio.h>

static bool no_process(void *self, int64_t pid, int64_t started) {
    (void)self;
    (void)pid;
    (void)started;
    return false;
}

static bool no_job(void *self, const char *job) {
    (void)self;
    (void)job;
    return false;
}

const brood_life_t content_nobody_lives = {.process = no_process, .job = no_job};

void content_init(content_t *content, int64_t number) {
    content->number = number;
    brood_fields_init(&content->fields);
    brood_fields_add(&content->fields, &(brood_field_t){.group = "/g",
                                                        .name = "number",
                                                        .label = "number",
                                                        .doc = "A number.",
                                                        .type = BROOD_TYPE_I64,
                                                        .base = &content->number});
}

void content_fini(content_t *content) {
    brood_fields_fini(&content->fields);
}

brood_err_t content_save(brood_run_t *run, int64_t number) {
    content_t content;
    content_init(&content, number);
    brood_err_t err = brood_run_save(run, &content.fields, NULL);
    content_fini(&content);
    return err;
}

int64_t content_number(const brood_bytes_t *image) {
    content_t content;
    content_init(&content, -1);
    brood_err_t err = brood_image_read(BROOD_RUN_FORMAT, image, &content.fields);
    content_fini(&content);
    return err == BROOD_OK ? content.number : -1;
}

brood_child_id_t content_child(int64_t episode) {
    brood_child_id_t id = {.run = "00000000000000aa", .configuration = "00000000000000bb", .episode = episode};
    snprintf(id.architecture, sizeof id.architecture, "3x3, %lld, 1, 1, 0", (long long)episode + 8);
    return id;
}

brood_err_t content_save_child(brood_run_t *run, int64_t episode, int64_t steps) {
    brood_child_id_t   id = content_child(episode);
    brood_child_mark_t mark = {.steps = steps, .worked = steps + 1, .rank = 1};
    content_t          content;
    content_init(&content, 1000 * steps + episode);
    brood_err_t err = brood_run_save_child(run, &id, &mark, &content.fields);
    content_fini(&content);
    return err;
}

int64_t content_load_child(brood_run_t *run, int64_t episode) {
    brood_child_id_t   id = content_child(episode);
    brood_child_mark_t mark = {.steps = -1};
    content_t          content;
    bool               found = true;
    content_init(&content, -1);
    brood_err_t err = brood_run_load_child(run, &id, &mark, &content.fields, &found);
    content_fini(&content);
    if (err != BROOD_OK) return -2;
    if (!found) return -1;
    return content.number == 1000 * mark.steps + episode && mark.worked == mark.steps + 1 ? mark.steps : -2;
}
