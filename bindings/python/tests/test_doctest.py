"""The examples in the package's docstrings run and give what they say."""

import doctest
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


def test_the_first_minute_of_the_readme():
    readme = Path(__file__).parents[3] / "README.md"
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, readme, "exec"), {})
