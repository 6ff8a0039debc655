/* Products of transformed tiles, point by point, a block of images at a time: what the transforms write the products
   find near, mostly in L2. The gradients are the transposed of it: of x the overlapping tiles B (G w ⊙ A dy), added
   up, of the filters G' Σ B'x ⊙ A dy over the tiles. */
#include "convolution.h"
#include "fuse.h"

static bool plan(brood_layer_t *layer) {
    brood_axis_t        height = brood_convolution_height(layer), width = brood_convolution_width(layer);
    brood_toom_shape_t *shape = &layer->as.toom.shape;
    if (brood_convolution_strided(layer) || (layer->args.height == 1 && layer->args.width == 1)) return false;
    *shape = brood_toom_choose(&height, &width, layer->in[2], layer->out[2], layer->propagates);
    return shape->outputs[0] > 0;
}

#define FILTER_PIECE 256 /* numbers of a tap that are transformed by one thread: whole vectors of any path */

static int64_t tiles_of(const brood_toom_t *toom) {
    return toom->tiles[0] * toom->tiles[1];
}

/* Elements from one point to the next of a block's transformed tiles of x, or of dy; that these take. */
static int64_t pitch_of(const brood_layer_t *layer, int64_t channels) {
    return brood_convolution_pitch(layer->as.toom.block * tiles_of(&layer->as.toom.x), channels);
}
static int64_t space_of(const brood_layer_t *layer, int64_t channels) {
    return layer->as.toom.shape.points * pitch_of(layer, channels);
}

/* What the transforms of images and of filters work in. */
static int64_t transforms_room(const brood_layer_t *layer) {
    return brood_larger(brood_toom_workspace(&layer->as.toom.x), brood_toom_workspace(&layer->as.toom.filters));
}

static int64_t partial(const brood_layer_t *layer) {
    return layer->as.toom.shape.points * layer->in[2] * layer->out[2];
}

static brood_needs_t lay_out(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena) {
    brood_axis_t              height = brood_convolution_height(layer), width = brood_convolution_width(layer);
    const brood_toom_shape_t *shape = &layer->as.toom.shape;
    brood_toom_axis_t        *axes = layer->as.toom.axes = brood_arena_take(arena, 2 * sizeof *axes), counted[2];
    if (!axes) axes = counted; /* of an arena that only counts */
    brood_toom_plan(shape->outputs[0], height.kernel, &axes[0]);
    brood_toom_plan(shape->outputs[1], width.kernel, &axes[1]);

    int64_t       channels = layer->in[2], filters = layer->out[2], points = shape->points;
    const int64_t size[2] = {height.in, width.in}, before[2] = {height.before, width.before};
    layer->as.toom.x = brood_toom_image(axes, size, before, channels);
    layer->as.toom.y = brood_toom_image(axes, size, (const int64_t[2]){0, 0}, filters);
    layer->as.toom.filters = brood_toom_taps(axes, channels * filters);
    layer->as.toom.block = brood_layer_room(net, layer);

    layer->as.toom.packed_count = brood_packed_count_real(math, channels, filters);
    layer->as.toom.packed_back_count = brood_packed_count_real(math, filters, channels);
    size_t packed = (size_t)(points * layer->as.toom.packed_count);
    size_t packed_back = (size_t)(points * layer->as.toom.packed_back_count);
    layer->as.toom.packed = brood_arena_take(arena, packed * sizeof(brood_real_t));
    if (layer->propagates) layer->as.toom.packed_back = brood_arena_take(arena, packed_back * sizeof(brood_real_t));
    brood_bias_lay_out(net, layer, arena);

    return (brood_needs_t){.workspace = transforms_room(layer) + space_of(layer, channels) + space_of(layer, filters)};
}

/* The workspace: of the transforms; the transformed tiles of `channels` numbers a position; what is behind them. */
typedef struct {
    brood_real_t *tiles, *first, *second;
} room_t;

static room_t room_of(const brood_worker_t *worker, const brood_layer_t *layer, int64_t channels) {
    room_t room = {.tiles = worker->workspace};
    room.first = room.tiles + transforms_room(layer);
    room.second = room.first + space_of(layer, channels);
    return room;
}

static int64_t filter_pieces(const brood_net_t *net, const brood_layer_t *layer) {
    (void)net;
    return (layer->in[2] * layer->out[2] + FILTER_PIECE - 1) / FILTER_PIECE;
}

static int64_t points_of(const brood_net_t *net, const brood_layer_t *layer) {
    (void)net;
    return layer->as.toom.shape.points;
}

/* The numbers of the filters' taps that pieces are made of, as a tile of their own. */
static brood_toom_t some_numbers(const brood_toom_t *filters, int64_t first, int64_t pieces) {
    brood_toom_t some = *filters;
    some.channels -= first * FILTER_PIECE;
    if (some.channels > pieces * FILTER_PIECE) some.channels = pieces * FILTER_PIECE;
    return some;
}

/* The filters at the points, [points, channels, filters]: they lie where the gradient's first partial will be. */
static void evaluate(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t pieces) {
    const brood_toom_t *filters = &layer->as.toom.filters;
    brood_toom_t        some = some_numbers(filters, first, pieces);
    int64_t             begin = first * FILTER_PIECE;
    net->kernels->toom_evaluate(&some, layer->array[0]->value + begin, layer->partials + begin, filters->channels,
                                worker->workspace);
}

static void pack(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t points) {
    (void)net;
    int64_t channels = layer->in[2], filters = layer->out[2], count = layer->as.toom.packed_count;
    for (int64_t p = first; p < first + points; p++)
        brood_pack_real(worker->math, BROOD_PLAIN, channels, filters, layer->partials + p * channels * filters, filters,
                        layer->as.toom.packed + p * count);
}

static void pack_transposed(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                            int64_t points) {
    (void)net;
    int64_t channels = layer->in[2], filters = layer->out[2], count = layer->as.toom.packed_back_count;
    for (int64_t p = first; layer->propagates && p < first + points; p++)
        brood_pack_real(worker->math, BROOD_TRANSPOSED, filters, channels, layer->partials + p * channels * filters,
                        filters, layer->as.toom.packed_back + p * count);
}

/* The transformed tiles of images. */
static void transform_x(brood_net_t *net, const brood_layer_t *layer, const room_t *room, int64_t images,
                        const brood_real_t *x) {
    const brood_toom_t *toom = &layer->as.toom.x;
    for (int64_t i = 0; i < images; i++)
        net->kernels->toom_input(toom, x + i * layer->in_size, room->first + i * tiles_of(toom) * toom->channels,
                                 pitch_of(layer, toom->channels), room->tiles);
}

/* Point by point: to[images · tiles, to_channels] = from[images · tiles, channels] by the filters there. */
static void multiply(const brood_layer_t *layer, brood_worker_t *worker, int64_t images, const brood_real_t *from,
                     int64_t channels, const brood_real_t *packed, int64_t packed_count, brood_real_t *to,
                     int64_t to_channels) {
    int64_t rows = images * tiles_of(&layer->as.toom.x);
    for (int64_t p = 0; p < layer->as.toom.shape.points; p++)
        brood_product_packed_real(worker->math, BROOD_PLAIN, rows, to_channels, channels,
                                  from + p * pitch_of(layer, channels), channels, packed + p * packed_count, NULL,
                                  false, to + p * pitch_of(layer, to_channels), to_channels);
}

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    const room_t room = room_of(worker, layer, layer->in[2]);
    transform_x(net, layer, &room, images, brood_layer_x(net, layer, worker, first));
    multiply(layer, worker, images, room.first, layer->in[2], layer->as.toom.packed, layer->as.toom.packed_count,
             room.second, layer->out[2]);
    brood_convolution_outputs(net, layer, worker, first, images);
}

/* Where the axis of lines is among the tiles' axes, which change places if the width is not transformed
   (brood_toom_image). */
static int line_axis(const brood_layer_t *layer) {
    const int axis = brood_axis_of_lines(layer->out);
    return layer->args.width == 1 ? 1 - axis : axis;
}

static int64_t lines_at_once(const brood_layer_t *layer) {
    const int      axis = brood_axis_of_lines(layer->out), other = 1 - axis;
    const int64_t *outputs = layer->as.toom.shape.outputs;
    /* Along axis 1 a line has a part in each row of tiles. */
    return line_axis(layer) == 0 || layer->out[other] <= outputs[other] ? outputs[axis] : 0;
}

/* Of the tiles that forward has left in the workspace: where they are not all asked for, as an image of their own. */
static void outputs(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, const brood_lines_t *lines,
                    brood_real_t *to) {
    const room_t  room = room_of(worker, layer, layer->in[2]);
    const int64_t channels = layer->out[2], all = tiles_of(&layer->as.toom.y);
    const int     axis = line_axis(layer);
    brood_toom_t  some = layer->as.toom.y;
    int64_t       first = 0; /* tile */
    if (lines->count < some.size[axis]) {
        const int64_t at_once = lines_at_once(layer);
        some.size[axis] = lines->count;
        some.tiles[axis] = (lines->count + at_once - 1) / at_once;
        first = lines->begin / at_once * (axis == 0 ? some.tiles[1] : 1);
    }
    net->kernels->toom_collect(&some, room.second + ((lines->image - lines->block) * all + first) * channels,
                               pitch_of(layer, channels), layer->args.bias ? layer->array[1]->value : NULL, to,
                               room.tiles);
}

/* Whether 1 is the first point of a pair, or nothing is transformed. */
static bool has_one(const brood_toom_axis_t *axis) {
    return axis->points == 1 || axis->outputs.power[0][1] == 1;
}

/* Where an axis has the point 1, a tile's value is the sum of its elements there: dy's rows are then these. */
static void add_bias(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, bool fresh, int64_t images,
                     const brood_real_t *dy, const brood_real_t *transformed) {
    const brood_toom_axis_t *high = layer->as.toom.axes, *wide = high + 1;
    int64_t                  point = (high->points > 1 ? wide->points : 0) + (wide->points > 1);
    if (has_one(high) && has_one(wide))
        brood_bias_add(net, layer, worker, fresh, images * tiles_of(&layer->as.toom.y),
                       transformed + point * pitch_of(layer, layer->out[2]));
    else
        brood_bias_add(net, layer, worker, fresh, images * layer->out[0] * layer->out[1], dy);
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    const brood_real_t *x = brood_layer_x(net, layer, worker, first), *dy = brood_layer_dy(layer, worker, first);
    const bool          accumulate = first > worker->begin; /* onto what the part's images before these left */
    const brood_toom_t *from = &layer->as.toom.x, *to = &layer->as.toom.y;
    const int64_t       channels = from->channels, filters = to->channels, tiles = tiles_of(from);
    room_t              room = room_of(worker, layer, channels);
    transform_x(net, layer, &room, images, x);
    for (int64_t i = 0; i < images; i++)
        net->kernels->toom_evaluate(to, dy + i * layer->out_size, room.second + i * tiles * filters,
                                    pitch_of(layer, filters), room.tiles);
    add_bias(net, layer, worker, !accumulate, images, dy, room.second);
    for (int64_t p = 0; p < layer->as.toom.shape.points; p++)
        brood_product_real(worker->math, BROOD_TRANSPOSED, BROOD_PLAIN, channels, filters, images * tiles,
                           room.first + p * pitch_of(layer, channels), channels,
                           room.second + p * pitch_of(layer, filters), filters, accumulate,
                           brood_layer_partial(layer, worker) + p * channels * filters, filters);
    if (!layer->propagates) return;
    brood_real_t *dx = brood_layer_dx(layer, worker, first);
    multiply(layer, worker, images, room.second, filters, layer->as.toom.packed_back, layer->as.toom.packed_back_count,
             room.first, channels);
    for (int64_t i = 0; i < images; i++)
        net->kernels->toom_scatter(from, room.first + i * tiles * channels, pitch_of(layer, channels),
                                   dx + i * layer->in_size, room.tiles);
}

static void add_up(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t pieces) {
    (void)worker;
    brood_partials_add_up(net, layer, first, pieces, layer->partials);
    if (first == 0) brood_bias_finish(net, layer);
}

static void collect_filters(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                            int64_t pieces) {
    const brood_toom_t *filters = &layer->as.toom.filters;
    brood_toom_t        some = some_numbers(filters, first, pieces);
    int64_t             begin = first * FILTER_PIECE;
    net->kernels->toom_collect(&some, layer->partials + begin, filters->channels, NULL,
                               layer->array[0]->gradient + begin, worker->workspace);
}

static brood_work_t work(const brood_layer_t *layer) {
    brood_work_t work = layer->as.toom.shape.work;
    brood_work_keep(&work, (layer->propagates ? 3 : 2), layer->in_size);
    return work;
}

const brood_layer_ops_t brood_convolution_toom = {
    .name = "convolution",
    .way = "convolution, Toom-Cook",
    .keeps_input = true,
    .arrays = brood_convolution_arrays,
    .partial = partial,
    .lay_out = lay_out,
    .prepare_forward = {{evaluate, filter_pieces, 0}, {pack, points_of, 0}},
    .prepare_backward = {{pack_transposed, points_of, 0}},
    .finish_backward = {{add_up, brood_partial_pieces, 0}, {collect_filters, filter_pieces, 0}},
    .forward = {{forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward, NULL, BROOD_AT_BOTH}},
    .outputs = outputs,
    .lines_at_once = lines_at_once,
    .plan = plan,
    .work = work,
};
