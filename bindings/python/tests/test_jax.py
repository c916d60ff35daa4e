"""Real arrays of JAX."""

import warnings

import numpy as np
import pytest

import zfp_wgpu
from .support import DTYPES, VIEWS, ids, smooth

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # What they say when they start is not of these tests.
    jax = pytest.importorskip("jax")
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

VALUES = smooth((12, 14), np.float32)
STREAM = zfp_wgpu.compress_numpy(VALUES, rate=12)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES, ids=ids)
def test_arrays_of_jax(dtype, view):
    values = smooth((12, 14), dtype)
    array = VIEWS[view](jax.numpy.asarray(values))
    assert array.dtype == dtype
    expected = zfp_wgpu.compress_numpy(VIEWS[view](values), rate=12)
    assert zfp_wgpu.compress_numpy(array, rate=12) == expected


def test_results_become_arrays_of_jax():
    array = jax.numpy.from_dlpack(zfp_wgpu.decompress_numpy(STREAM))
    assert zfp_wgpu.compress_numpy(array, rate=12) == zfp_wgpu.compress_numpy(
        zfp_wgpu.decompress_numpy(STREAM), rate=12
    )


def test_what_jax_does_not_let_out():
    array = jax.numpy.asarray(VALUES)
    for narrow in ("bfloat16", "float16", "uint8", "bool"):
        with pytest.raises(TypeError, match=f"Unknown dtype: {narrow}"):
            zfp_wgpu.compress_numpy(array.astype(narrow), rate=12)
    back = zfp_wgpu.demote(zfp_wgpu.promote(array.astype("float16")), np.float16)
    assert (back == VALUES.astype(np.float16)).all()
    with pytest.raises(jax.errors.TracerArrayConversionError):
        jax.jit(lambda traced: zfp_wgpu.compress_numpy(traced, rate=12))(array)
