#!/usr/bin/env python3
"""h5py, pandas, xarray and h5ls open a run file as it is: test_readers.py MAKE_SAMPLE"""
import pathlib
import subprocess
import sys
import tempfile
import warnings

try:
    import h5py
    import numpy as np
    import pandas
    import xarray
    import netCDF4  # noqa: F401  xarray's engine
    import h5netcdf  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

warnings.simplefilter("error")
EPISODES, POSITIONS, CHOICES = 17, 6, 4


def sample(place, episodes):
    run = pathlib.Path(place) / f"run-{episodes}"
    subprocess.run([sys.argv[1], str(run), str(episodes)], check=True)
    return run / "run.h5"


def check_h5py(path):
    with h5py.File(path, "r") as f:
        assert f.attrs["format"] == "brood run" and f.attrs["version"] == 1, dict(f.attrs)
        assert set(f.attrs) == {"format", "version"}, "nothing that differs between two runs of the same content"
        episodes = f["episodes"]
        status = h5py.check_enum_dtype(episodes["status"].dtype)
        assert status == {"open": 0, "done": 1, "stopped": 2, "reused": 3}, status
        assert isinstance(f["status"], h5py.Datatype) and f["status"].dtype == episodes["status"].dtype
        assert list(episodes["status"][:5]) == [0, 1, 2, 3, 0]
        assert episodes["architecture"].asstr()[1].startswith("2x3, 16, 1, 2, 0.7; "), episodes["architecture"][1]
        assert f["config/text"].asstr()[()] == 'run.round: 8\nrun.name: "été"\n'
        assert f["rng/seed"][()] == 0xFEDCBA9876543210
        assert np.isnan(episodes["reward"][0]) and episodes["reward"][1] == 0.5 + 1 / 1024
        assert f["updates/choice_probability"].shape == (EPISODES // 8, POSITIONS, CHOICES)
        assert [scale.name for dimension in f["updates/choice_probability"].dims for scale in dimension.values()] == [
            "/updates/update", "/position", "/choice"]

        datasets = []
        f.visititems(lambda name, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
        assert len(datasets) > 20
        for item in datasets:
            assert isinstance(item.attrs["long_name"], str) and isinstance(item.attrs["description"], str), item.name
            assert isinstance(item.attrs.get("units", ""), str), item.name
            assert item.chunks is None and item.compression is None, item.name
            # python3-netcdf4 crashes on texts of fixed length.
            assert item.dtype.kind != "S", item.name
        assert episodes["loss"].attrs["units"] == "nat" and "units" not in episodes["status"].attrs


def check_pandas(path):
    with h5py.File(path, "r") as f:
        table = pandas.DataFrame({k: v[:] for k, v in f["episodes"].items() if v.ndim == 1})
    assert table.shape == (EPISODES, 9), table.shape
    assert list(table.episode) == list(range(EPISODES))
    assert table.reward.isna().sum() == 5


def check_xarray(path, episodes):
    for engine in ("netcdf4", "h5netcdf"):
        with xarray.open_dataset(path, group="episodes", engine=engine) as data:
            data.load()
            assert dict(data.sizes) == {"episode": episodes, "position": POSITIONS}, (engine, data.sizes)
            assert list(data.episode.values) == list(range(episodes)), engine
            assert data.tokens.dims == data.token_log_probability.dims == ("episode", "position"), engine
            assert data.reward.dims == ("episode",) and data.reward.attrs["units"] == "1", engine
            assert data.reward.attrs["long_name"] == "the reward", (engine, data.reward.attrs)
            assert list(data.status.values) == [e % 4 for e in range(episodes)], engine
            if episodes:
                assert data.architecture.values[1].startswith("2x3, 16, 1, 2, 0.7; "), engine
        with xarray.open_dataset(path, group="updates", engine=engine) as data:
            assert data.choice_probability.dims == ("update", "position", "choice"), engine
            assert data.choice_probability.load().dtype == np.float32, engine
        with xarray.open_dataset(path, engine=engine) as data:
            assert set(data.coords) == {"position", "choice"}, engine


def check_h5ls(path):
    try:
        listing = subprocess.run(["h5ls", "-r", str(path)], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        print("h5ls is not installed")
        sys.exit(77)
    for line in ("/episodes/reward         Dataset {17}", "/episodes/tokens         Dataset {17, 6}",
                 "/status                  Type", "/config/text             Dataset {SCALAR}"):
        assert line in listing, listing


with tempfile.TemporaryDirectory() as directory:
    full, empty = sample(directory, EPISODES), sample(directory, 0)
    check_h5py(full)
    check_pandas(full)
    check_xarray(full, EPISODES)
    check_xarray(empty, 0)
    check_h5ls(full)
print("h5py, pandas, xarray (netcdf4, h5netcdf) and h5ls read it")
