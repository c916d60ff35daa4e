"""Real tensors of PyTorch, where that is installed: it takes gigabytes."""

import warnings

import numpy as np
import pytest

import zfp_wgpu
from zfp_wgpu._inputs import as_array
from .support import DTYPES, VIEWS, ids, smooth

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # What they say when they start is not of these tests.
    torch = pytest.importorskip("torch")

VALUES = smooth((12, 14), np.float32)
STREAM = zfp_wgpu.compress_numpy(VALUES, rate=12)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES, ids=ids)
def test_tensors_of_torch(dtype, view):
    values = smooth((12, 14), dtype)
    tensor = VIEWS[view](torch.from_numpy(values.copy()))
    expected = zfp_wgpu.compress_numpy(VIEWS[view](values), rate=12)
    assert zfp_wgpu.compress_numpy(tensor, rate=12) == expected
    assert zfp_wgpu.estimate(tensor, rate=12).stream_bytes == len(expected)


def test_steps_of_zero_and_backwards_with_torch():
    tensor = torch.from_numpy(VALUES.copy())
    wide = np.broadcast_to(VALUES[:1], VALUES.shape)
    expected = zfp_wgpu.compress_numpy(wide, rate=12)
    assert zfp_wgpu.compress_numpy(tensor[:1].expand(12, 14), rate=12) == expected
    # Torch has no negative strides; it makes copies.
    expected = zfp_wgpu.compress_numpy(VALUES[::-1, ::-1], rate=12)
    assert zfp_wgpu.compress_numpy(tensor.flip(0, 1), rate=12) == expected


def test_a_tensor_of_torch_is_not_copied():
    tensor = torch.from_numpy(VALUES.copy())
    for view in (tensor, tensor.T, tensor[::2, 1::3]):
        assert as_array(view).ctypes.data == view.data_ptr()
    before = zfp_wgpu.compress_numpy(tensor, rate=12)
    tensor[0, 0] += 9
    assert before == STREAM != zfp_wgpu.compress_numpy(tensor, rate=12)


def test_torchs_marks_of_negation_are_heeded():
    values = torch.from_numpy(VALUES.copy())
    negated = torch.complex(values, values).conj().imag
    assert negated.is_neg()
    expected = zfp_wgpu.compress_numpy(np.ascontiguousarray(-VALUES), rate=12)
    assert zfp_wgpu.compress_numpy(negated, rate=12) == expected


def test_what_torch_does_not_let_out():
    tensor = torch.from_numpy(VALUES.copy())
    needs_grad = tensor.clone().requires_grad_()
    for tracked in (needs_grad, torch.nn.Parameter(tensor), 2 * needs_grad):
        with pytest.raises(RuntimeError, match="requires grad.*detach"):
            zfp_wgpu.compress_numpy(tracked, rate=12)
    assert zfp_wgpu.compress_numpy(needs_grad.detach(), rate=12) == STREAM
    with pytest.raises(TypeError, match="to_dense"):
        zfp_wgpu.compress_numpy(tensor.to_sparse(), rate=12)
    with pytest.raises((ValueError, TypeError), match="meta"):
        zfp_wgpu.compress_numpy(tensor.to("meta"), rate=12)


def test_narrow_tensors_of_torch_are_opted_in():
    tensor = torch.from_numpy(VALUES.copy())
    for narrow in (tensor.bfloat16(), tensor.half(), tensor.to(torch.uint8), tensor > 1):
        with pytest.raises(TypeError, match="(?i)bfloat16|Unknown dtype"):
            zfp_wgpu.compress_numpy(narrow, rate=12)
    half = tensor.half()
    stream = zfp_wgpu.compress_numpy(zfp_wgpu.promote(half), rate=32)
    back = zfp_wgpu.demote(zfp_wgpu.decompress_numpy(stream), np.float16)
    assert torch.equal(torch.from_dlpack(back), half)
    # NumPy has no bfloat16: it becomes float32 on the side of torch.
    stream = zfp_wgpu.compress_numpy(tensor.bfloat16().float())
    back = torch.from_dlpack(zfp_wgpu.decompress_numpy(stream))
    assert torch.equal(back.bfloat16(), tensor.bfloat16())


def test_results_become_tensors_of_torch():
    decoded = zfp_wgpu.decompress_numpy(STREAM)
    tensor = torch.from_dlpack(decoded)
    assert tensor.dtype == torch.float32 and tensor.shape == VALUES.shape
    assert tensor.data_ptr() == decoded.ctypes.data
    # Into a tensor that there is, by the array that shares its memory.
    room = torch.full(VALUES.shape, 7.0)
    zfp_wgpu.decompress_numpy(STREAM, out=room.numpy())
    assert torch.equal(room, tensor)


def test_a_tensor_on_a_gpu_of_torch_is_refused():
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU")
    with pytest.raises(TypeError, match="type 2, number 0.*copy it to the CPU"):
        zfp_wgpu.compress_numpy(torch.from_numpy(VALUES.copy()).cuda(), rate=12)
