"""The examples in the package's docstrings run and give what they say."""

import doctest
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import zfp_wgpu

DOCUMENTED = ["_decompress"] + [n for n in zfp_wgpu.__all__ if callable(getattr(zfp_wgpu, n))]


@pytest.mark.parametrize("name", ["zfp_wgpu", *DOCUMENTED])
def test_examples(name, monkeypatch):
    # `install_as_zfpy` is for the whole process; the other tests need the real one back.
    monkeypatch.setitem(sys.modules, "zfpy", sys.modules.get("zfpy"))
    text = (zfp_wgpu if name == "zfp_wgpu" else getattr(zfp_wgpu, name)).__doc__
    names = {**vars(zfp_wgpu), "np": np}
    examples = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    assert examples.examples, f"{name} has no example"
    failures = []
    doctest.DocTestRunner(verbose=False).run(examples, out=failures.append)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("name", ["numcodecs", "zarr"])
def test_examples_of_the_codecs(name):
    from numcodecs import get_codec, register_codec

    module = importlib.import_module(f"zfp_wgpu.{name}")
    installed = type(get_codec({"id": "zfpy"}))
    try:
        done = doctest.testmod(module, extraglobs={"np": np, "zfp_wgpu": zfp_wgpu})
    finally:
        # `register` is for the whole process.
        register_codec(installed)
    assert done.attempted > 3 and not done.failed


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_first_minute_of_the_readme(page, tmp_path, monkeypatch):
    page = Path(__file__).parents[3] / page
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks
    # Some write files.
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(compile(block, page, "exec"), {})
