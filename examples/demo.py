"""Compress real arrays in every mode: a table, and a picture of what was lost.

Run by `cargo xtask demo [ARRAY.npy ...]`. Without arguments the array is the elevation
model of the Jacksboro fault that ships with matplotlib.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.cbook
import matplotlib.pyplot as plt
import numpy as np

import zfp_wgpu


def sample():
    """The elevation model, in metres."""
    with matplotlib.cbook.get_sample_data("jacksboro_fault_dem.npz") as dem:
        return dem["elevation"]


def load(path):
    """An array that zfp takes, and a note if it had to be converted for that."""
    array = np.load(path, mmap_mode="r", allow_pickle=False) if path else sample()
    name = path.name if path else "jacksboro_fault_dem.npz"
    if not 1 <= array.ndim <= 4 or array.size == 0:
        sys.exit(f"{name}: zfp takes 1 to 4 dimensions, none of them empty, not {array.shape}")
    given = array.dtype
    wanted = {"i": "i4", "u": "i4", "b": "i4", "f": "f4"}.get(given.kind)
    if given.newbyteorder("=") in map(np.dtype, ("i4", "i8", "f4", "f8")):
        wanted = given.newbyteorder("=")
    elif wanted is None or (given.kind in "iu" and given.itemsize > 2):
        sys.exit(f"{name}: zfp does not take {given}")
    if not path:
        wanted = "f4"  # elevations as the floating-point data that zfp is made for
    note = f" (from {given})" if given != wanted else ""
    array = array.astype(wanted, copy=False)
    holes = array.size - int(np.count_nonzero(np.isfinite(array)))
    if holes:
        # Only the reversible mode keeps these; the others get the mean in their place.
        note += f", {holes} NaN or infinite values, which lossy modes get as the mean"
    return name, array, note


def filled(array):
    """The array with the mean in place of NaN and infinity."""
    finite = np.isfinite(array)
    mean = array[finite].mean() if finite.any() else 0
    return array if finite.all() else np.where(finite, array, mean).astype(array.dtype)


def modes(array):
    """Every mode, at parameters that fit the array: (label, keyword arguments)."""
    finite = array[np.isfinite(array)]
    span = float(np.ptp(finite)) if finite.size else 0.0
    span = span or 1.0
    lossy = [("rate", rate) for rate in (2, 4, 8, 16)]
    lossy += [("precision", planes) for planes in (8, 12, 16, 24)]
    if array.dtype.kind == "f":
        lossy += [("tolerance", span * 10.0**-digits) for digits in (2, 3, 4, 5)]
    yield "reversible", {}
    for mode, value in lossy:
        yield f"{mode} {value:.4g}", {mode: value}
    most = 12 * 4**array.ndim
    yield f"expert maxbits {most}, maxprec 20", {"maxbits": most, "maxprec": 20}


def seconds(work, budget=0.5):
    """Median time of a call, over as many as fit the budget, and what the last one did."""
    times = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 50):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times), zfp_wgpu.last_run()


def measure(array, keywords):
    """One mode on one array: sizes, errors and speeds."""
    stream = zfp_wgpu.compress_numpy(array, **keywords)
    back = zfp_wgpu.decompress_numpy(stream)
    finite = np.isfinite(array)
    error = back[finite].astype("f8") - array[finite]
    rmse = float(np.sqrt(np.mean(error**2))) if error.size else 0.0
    span = float(np.ptp(array[finite])) if error.size else 0.0
    megabytes = array.nbytes / 1e6
    time_in, run_in = seconds(lambda: zfp_wgpu.compress_numpy(array, **keywords))
    time_out, run_out = seconds(lambda: zfp_wgpu.decompress_numpy(stream))
    return {
        "bits": 8 * len(stream) / array.size,
        "ratio": array.nbytes / len(stream),
        "error": float(np.abs(error).max(initial=0)),
        "lossless": back.tobytes() == array.tobytes(),
        "psnr": 20 * np.log10(span / rmse) if rmse and span else np.inf,
        "compress": megabytes / time_in,
        "decompress": megabytes / time_out,
        "runs": (run_in, run_out),
        "back": back,
    }


HEAD = ("mode", "bits/value", "ratio", "max error", "PSNR dB", "MB/s in", "MB/s out", "device")
ROW = "{:<30} {:>10} {:>8} {:>11} {:>8} {:>9} {:>9}  {}"


def table(array):
    """Prints a row for each mode, and returns the results by label."""
    print(ROW.format(*HEAD))
    results = {}
    whole = filled(array)
    for label, keywords in modes(array):
        r = measure(whole if keywords else array, keywords)
        results[label] = r
        print(
            ROW.format(
                label,
                f"{r['bits']:.3f}",
                f"{r['ratio']:.2f}",
                f"{r['error']:.4g}",
                "lossless" if r["lossless"] else f"{r['psnr']:.1f}",
                f"{r['compress']:.0f}",
                f"{r['decompress']:.0f}",
                ", ".join(dict.fromkeys(run.device for run in r["runs"])),
            )
        )
    return results


def explain(results):
    """Prints which devices there are, and why which of them did what."""
    gpus = [f"{gpu.name} ({gpu.kind}, {gpu.backend})" for gpu in zfp_wgpu.devices()]
    print("\ndevices:", ", ".join(["CPU", *gpus]))
    done = {}
    for label, r in results.items():
        for run, way in zip(r["runs"], ("in", "out")):
            why = f"{run.device}, since {run.reason}"
            if run.failure:
                why += f" (a GPU failed: {run.failure})"
            done.setdefault(why, {}).setdefault(label.split()[0], set()).add(way)
    for why, chosen in done.items():
        both = {"in", "out"}
        named = (mode if ways == both else f"{mode} {min(ways)}" for mode, ways in chosen.items())
        print(f"{', '.join(named)}: {why}")


def plane(array):
    """Two dimensions to look at: the middle of the others, or a line as a strip."""
    while array.ndim > 2:
        array = array[len(array) // 2]
    return np.atleast_2d(array)


def picture(name, array, results, path):
    """Original, reconstruction, error, and bits against error for every mode."""
    shown = next((label for label in ("rate 4", "precision 12") if label in results), None)
    figure, axes = plt.subplots(1, 4, figsize=(19, 4.6), layout="constrained")
    original = plane(filled(np.asarray(array)))
    low, high = original.min(), original.max()
    axes[0].set_title(f"{name}\n{array.shape} {array.dtype}")
    image = axes[0].imshow(original, cmap="gist_earth", vmin=low, vmax=high, aspect="auto")
    figure.colorbar(image, ax=axes[0])
    if shown:
        back = plane(results[shown]["back"])
        axes[1].set_title(f"{shown}: {results[shown]['ratio']:.1f} times smaller")
        image = axes[1].imshow(back, cmap="gist_earth", vmin=low, vmax=high, aspect="auto")
        figure.colorbar(image, ax=axes[1])
        error = back.astype("f8") - original
        largest = np.percentile(np.abs(error), 99.5) or 1
        axes[2].set_title(f"error, at most {results[shown]['error']:.3g}")
        image = axes[2].imshow(error, cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto")
        figure.colorbar(image, ax=axes[2], extend="both")
    curves = {}
    for label, r in results.items():
        if np.isfinite(r["psnr"]):
            curves.setdefault(label.split()[0], []).append((r["bits"], r["psnr"]))
    for (mode, points), marker in zip(curves.items(), "osD^v"):
        axes[3].plot(*zip(*sorted(points)), marker=marker, label=mode)
    lossless = results.get("reversible")
    if lossless:
        axes[3].axvline(lossless["bits"], color="gray", linestyle=":", label="reversible (lossless)")
    axes[3].set(title="rate–distortion", xlabel="bits per value", ylabel="PSNR (range / RMSE), dB")
    axes[3].grid(alpha=0.3)
    axes[3].legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arrays", nargs="*", type=Path, metavar="ARRAY.npy")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for path in options.arrays or [None]:
        name, array, note = load(path)
        print(f"\n{name}: {array.shape} {array.dtype}{note}, {array.nbytes / 1e6:.2f} MB")
        results = table(array)
        explain(results)
        target = options.out / f"{Path(name).stem}.png"
        picture(name, array, results, target)
        print(f"picture: {target}")


if __name__ == "__main__":
    main()
