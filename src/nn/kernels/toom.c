/* Transforms of images in tiles, by passes along axis 1 first, then along axis 0 (toom_passes.h); the transposed ones
   the other way round. */
#include <string.h>

#include "path.h"
#include "toom_passes.h"

/* Elements of a tile along an axis in the image, and how far apart tiles begin. */
static int64_t advance_of(const brood_toom_t *toom, int axis) {
    return toom->axis[axis]->points == 1 ? 1 : toom->powers[axis]->count;
}

/* Channels that lie side by side: `deep` groups of `lanes`. */
typedef struct {
    int64_t deep, lanes;
} group_t;

/* All whole groups at once where an axis alone is transformed, so that images are read and written in order; else one,
   whose rows and columns stay in the cache in between. What fills no group is one of its own. */
static group_t group_at(const brood_toom_t *toom, int64_t channel) {
    int64_t left = toom->channels - channel, whole = left / LANES;
    if (whole == 0) return (group_t){1, left};
    return (group_t){toom->axis[0]->points == 1 ? whole : 1, LANES};
}

/* A row of the image in tiles along axis 1. */
static strip_t row_of(const brood_toom_t *toom) {
    return (strip_t){.axis = toom->axis[1],
                     .powers = toom->powers[1],
                     .tiles = toom->tiles[1],
                     .deep = 1,
                     .begin = -toom->before[1],
                     .advance = advance_of(toom, 1),
                     .size = toom->size[1]};
}

/* A row of tiles along axis 0: at each point of axis 1 all of them, which lie side by side in t. */
static strip_t column_of(const brood_toom_t *toom) {
    return (strip_t){.axis = toom->axis[0],
                     .powers = toom->powers[0],
                     .tiles = toom->axis[1]->points,
                     .deep = toom->tiles[1],
                     .size = NO_EDGE};
}

/* The row of the workspace where the tiles behind those at row `at` begin. Rows that both have stay where they are
   until the room ends. */
static int64_t next_tiles(const brood_toom_t *toom, int64_t elements, int64_t line, int64_t at,
                          brood_real_t *workspace) {
    const int64_t advance = advance_of(toom, 0), next = at + advance;
    if (next + elements <= toom->rows) return next;
    if (elements > advance)
        memmove(workspace, workspace + next * line, (size_t)((elements - advance) * line) * sizeof *workspace);
    return 0;
}

/* Where axis 1 alone is transformed: each row of the image, straight to its points. x: where the padding in front of
   the first one begins. */
static void spread_rows(const brood_toom_t *toom, strip_pass_t *const passes[], strip_t row, group_t group,
                        const brood_real_t *x, brood_real_t *t, int64_t pitch) {
    row.deep = group.deep;
    row.from_deep = row.to_deep = LANES;
    row.to_step = pitch;
    row.to_tile = toom->channels;
    row.to_lanes = group.lanes;
    for (int64_t i = 0; i < toom->size[0]; i++) {
        row.from = x + i * toom->step[0];
        row.to = t + i * toom->tiles[1] * toom->channels;
        passes[row.axis->points](&row);
    }
}

/* From the image to the points: of a group of channels. `elements` of a tile along axis 0 are read. */
static void spread(const brood_toom_t *toom, strip_pass_t *const passes[], int64_t elements, group_t group,
                   const brood_real_t *x, brood_real_t *t, int64_t pitch, brood_real_t *workspace) {
    const int64_t wide = toom->axis[1]->points, tiles = toom->tiles[1], line = tiles * wide * LANES;
    strip_t       row = row_of(toom);
    row.from_step = toom->step[1];
    row.from_tile = row.advance * toom->step[1];
    row.from_lanes = group.lanes;
    x -= toom->before[1] * toom->step[1];
    if (toom->axis[0]->points == 1) {
        spread_rows(toom, passes, row, group, x, t, pitch);
        return;
    }
    row.to_step = LANES;
    row.to_tile = wide * LANES;
    row.to_lanes = LANES;
    strip_t column = column_of(toom);
    column.from_tile = LANES;
    column.from_deep = wide * LANES;
    column.from_step = line;
    column.from_lanes = LANES;
    column.to_tile = pitch;
    column.to_deep = toom->channels;
    column.to_step = wide * pitch;
    column.to_lanes = group.lanes;
    const int64_t advance = advance_of(toom, 0), shared = elements - advance; /* rows that the next tiles read again */
    for (int64_t i = 0, at = 0; i < toom->tiles[0]; i++) {
        const int64_t top = i * advance - toom->before[0];
        if (i > 0) at = next_tiles(toom, elements, line, at, workspace);
        for (int64_t j = i > 0 ? shared : 0; j < elements; j++) {
            bool there = top + j >= 0 && top + j < toom->size[0];
            row.from = there ? x + (top + j) * toom->step[0] : x;
            row.size = there ? toom->size[1] : 0;
            row.to = workspace + (at + j) * line;
            passes[row.axis->points](&row);
        }
        column.from = workspace + at * line;
        column.to = t + i * tiles * toom->channels;
        passes[column.axis->points](&column);
    }
}

/* Where axis 1 alone is transformed: straight from its points to each row of the image. x as of spread_rows. */
static void gather_rows(const brood_toom_t *toom, strip_pass_t *const passes[], strip_t row, group_t group,
                        const brood_real_t *t, int64_t pitch, brood_real_t *x) {
    row.deep = group.deep;
    row.from_deep = row.to_deep = LANES;
    row.from_step = pitch;
    row.from_tile = toom->channels;
    row.from_lanes = group.lanes;
    for (int64_t i = 0; i < toom->size[0]; i++) {
        row.from = t + i * toom->tiles[1] * toom->channels;
        row.to = x + i * toom->step[0];
        passes[row.axis->points](&row);
    }
}

/* The transposed: from the points to the image. `elements` of a tile along axis 0 are made; where that is more than
   tiles are apart, those of the next tiles are added to them. */
static void gather(const brood_toom_t *toom, strip_pass_t *const passes[], int64_t elements, group_t group,
                   const brood_real_t *t, int64_t pitch, const brood_real_t *bias, brood_real_t *x,
                   brood_real_t *workspace) {
    const int64_t wide = toom->axis[1]->points, tiles = toom->tiles[1], line = tiles * wide * LANES;
    strip_t       row = row_of(toom);
    row.to_step = toom->step[1];
    row.to_tile = row.advance * toom->step[1];
    row.to_lanes = group.lanes;
    row.added_later = wide - row.advance;
    row.bias = bias;
    x -= toom->before[1] * toom->step[1];
    if (toom->axis[0]->points == 1) {
        gather_rows(toom, passes, row, group, t, pitch, x);
        return;
    }
    row.from_step = LANES;
    row.from_tile = wide * LANES;
    row.from_lanes = LANES;
    strip_t column = column_of(toom);
    column.from_tile = pitch;
    column.from_deep = toom->channels;
    column.from_step = wide * pitch;
    column.from_lanes = group.lanes;
    column.to_tile = LANES;
    column.to_deep = wide * LANES;
    column.to_step = line;
    column.to_lanes = LANES;
    const int64_t advance = advance_of(toom, 0), shared = elements - advance;
    for (int64_t i = 0, at = 0; i < toom->tiles[0]; i++) {
        const int64_t top = i * advance - toom->before[0];
        const int64_t complete = i == toom->tiles[0] - 1 ? elements : advance;
        column.added = column.added_later = i == 0 ? 0 : shared;
        if (i > 0) at = next_tiles(toom, elements, line, at, workspace);
        column.from = t + i * tiles * toom->channels;
        column.to = workspace + at * line;
        passes[column.axis->points](&column);
        for (int64_t j = 0; j < complete; j++) {
            if (top + j < 0 || top + j >= toom->size[0]) continue;
            row.from = workspace + (at + j) * line;
            row.to = x + (top + j) * toom->step[0];
            passes[row.axis->points](&row);
        }
    }
}

void KERNEL(toom_input)(const brood_toom_t *toom, const brood_real_t *x, brood_real_t *t, int64_t pitch,
                        brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += group_at(toom, c).deep * LANES)
        spread(toom, input_passes, toom->axis[0]->points, group_at(toom, c), x + c, t + c, pitch, workspace);
}

void KERNEL(toom_evaluate)(const brood_toom_t *toom, const brood_real_t *y, brood_real_t *t, int64_t pitch,
                           brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += group_at(toom, c).deep * LANES)
        spread(toom, evaluate_passes, advance_of(toom, 0), group_at(toom, c), y + c, t + c, pitch, workspace);
}

void KERNEL(toom_collect)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, const brood_real_t *bias,
                          brood_real_t *y, brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += group_at(toom, c).deep * LANES)
        gather(toom, collect_passes, advance_of(toom, 0), group_at(toom, c), t + c, pitch, bias ? bias + c : NULL,
               y + c, workspace);
}

void KERNEL(toom_scatter)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, brood_real_t *x,
                          brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += group_at(toom, c).deep * LANES)
        gather(toom, scatter_passes, toom->axis[0]->points, group_at(toom, c), t + c, pitch, NULL, x + c, workspace);
}
