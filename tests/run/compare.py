#!/usr/bin/env python3
"""A second opinion on `brood compare`, by h5py alone: have two run files the same content?

    compare.py A B        run directories or files; exit code 0: same content; 1: different, the first path is printed

Everything outside /clock counts: names, kinds of links and objects, types (their names and members, too), shapes,
attributes, bytes. Object references count by the path that they point at, REFERENCE_LIST not at all.
"""
import pathlib
import sys

import h5py
import numpy as np


class Different(Exception):
    """The first difference: path, what."""


def differ(path, what):
    raise Different(f"{path}: {what}")


def describe(type_id):
    """A type as nested tuples that are equal when the types are."""
    name = None
    if type_id.committed():
        name = h5py.h5i.get_name(type_id)
    size = type_id.get_size()
    if isinstance(type_id, h5py.h5t.TypeEnumID):
        count = type_id.get_nmembers()
        members = [(type_id.get_member_name(i), type_id.get_member_value(i)) for i in range(count)]
        return ("enum", name, size, describe(type_id.get_super()), tuple(members))
    if isinstance(type_id, h5py.h5t.TypeIntegerID):
        return ("integer", name, size, type_id.get_sign(), type_id.get_order(), type_id.get_precision())
    if isinstance(type_id, h5py.h5t.TypeFloatID):
        return ("float", name, size, type_id.get_fields(), type_id.get_order(), type_id.get_ebias())
    if isinstance(type_id, h5py.h5t.TypeStringID):
        variable = type_id.is_variable_str()
        return ("text", name, None if variable else size, type_id.get_cset(), type_id.get_strpad())
    if isinstance(type_id, h5py.h5t.TypeCompoundID):
        members = []
        for i in range(type_id.get_nmembers()):
            members.append((type_id.get_member_name(i), type_id.get_member_offset(i),
                            describe(type_id.get_member_type(i))))
        return ("compound", name, size, tuple(members))
    if isinstance(type_id, h5py.h5t.TypeVlenID):
        return ("list", name, describe(type_id.get_super()))
    if isinstance(type_id, h5py.h5t.TypeArrayID):
        return ("array", name, type_id.get_array_dims(), describe(type_id.get_super()))
    if isinstance(type_id, h5py.h5t.TypeReferenceID):
        return ("reference", name, type_id.equal(h5py.h5t.STD_REF_OBJ))
    raise SystemExit(f"a type that this program does not know: {type_id}")


def content(file, value):
    """A value as something that is equal when the values are: bytes, and paths for references."""
    if isinstance(value, h5py.Reference):
        return file[value].name if value else ""
    if isinstance(value, (bytes, str)):
        return value if isinstance(value, bytes) else value.encode()
    if isinstance(value, h5py.Empty):
        return "empty"
    value = np.asarray(value)
    if value.dtype.names:
        return [tuple(content(file, item[name]) for name in value.dtype.names) for item in value.reshape(-1)]
    if value.dtype.kind == "O":
        return [content(file, item) for item in value.reshape(-1)]
    return [item.tobytes() for item in value.reshape(-1)]


def compare_values(path, files, values):
    lists = [content(file, value) for file, value in zip(files, values)]
    if lists[0] == lists[1]:
        return
    if isinstance(lists[0], list) and isinstance(lists[1], list):
        for row, (a, b) in enumerate(zip(*lists)):
            if a != b:
                differ(path, f"element {row}: {a!r} in A, {b!r} in B")
    differ(path, f"{lists[0]!r} in A, {lists[1]!r} in B")


def compare_attributes(path, files, objects):
    names = [set(item.attrs) - {"REFERENCE_LIST"} for item in objects]
    for name in sorted(names[0] | names[1], key=str.encode):
        where = f"{path}@{name}"
        if (name in names[0]) != (name in names[1]):
            differ(where, "only in " + ("A" if name in names[0] else "B"))
        ids = [item.attrs.get_id(name) for item in objects]
        if describe(ids[0].get_type()) != describe(ids[1].get_type()):
            differ(where, "type")
        if ids[0].shape != ids[1].shape:
            differ(where, "shape")
        compare_values(where, files, [item.attrs[name] for item in objects])


def compare_objects(path, files, objects):
    if type(objects[0]) is not type(objects[1]):
        differ(path, f"{type(objects[0]).__name__} in A, {type(objects[1]).__name__} in B")
    if isinstance(objects[0], h5py.Dataset):
        types = [describe(item.id.get_type()) for item in objects]
        if types[0] != types[1]:
            differ(path, f"type: {types[0]} in A, {types[1]} in B")
        if objects[0].shape != objects[1].shape:
            differ(path, f"shape: {objects[0].shape} in A, {objects[1].shape} in B")
    if isinstance(objects[0], h5py.Datatype) and describe(objects[0].id) != describe(objects[1].id):
        differ(path, "type")
    compare_attributes(path, files, objects)
    if isinstance(objects[0], h5py.Dataset):
        compare_values(path, files, [item[()] for item in objects])
    if isinstance(objects[0], h5py.Group):
        compare_groups(path, files, objects)


def link_of(group, name):
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        return ("external", link.filename, link.path)
    if isinstance(link, h5py.SoftLink):
        return ("soft", link.path)
    return ("hard",)


def compare_groups(path, files, groups):
    names = [set(group) for group in groups]
    for name in sorted(names[0] | names[1], key=str.encode):
        where = path.rstrip("/") + "/" + name
        if where == "/clock":
            continue
        if (name in names[0]) != (name in names[1]):
            differ(where, "only in " + ("A" if name in names[0] else "B"))
        links = [link_of(group, name) for group in groups]
        if links[0] != links[1]:
            differ(where, f"{links[0]} in A, {links[1]} in B")
        if links[0] == ("hard",):
            compare_objects(where, files, [group[name] for group in groups])


def compare(a, b):
    """None where the content is the same, else the first difference as a text."""
    paths = []
    for path in map(pathlib.Path, (a, b)):
        paths.append(path / "run.h5" if path.is_dir() else path)
    with h5py.File(paths[0], "r") as file_a, h5py.File(paths[1], "r") as file_b:
        files = (file_a, file_b)
        try:
            compare_objects("/", files, [file["/"] for file in files])
        except Different as difference:
            return str(difference)
    return None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    difference = compare(*sys.argv[1:])
    if difference:
        print(difference)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
