"""No file that ships names where packages come from: that is a matter of each machine."""

import re
from pathlib import Path

from tests.architecture.tree import ROOT, tracked, write

# Put together from halves, so that this file does not find itself.
_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "conda." + "anaconda")
_OPTIONS = ("(?<!no-emit-)index" + "-url", "(?<!no-emit-)find" + "-links", "trusted" + "-host")
_FOLDERS = (r"/opt/(?:wheels|py" + "pi)", r"file://(?=/\w[^\s]*\.(?:whl|tar))")
PATTERN = re.compile("|".join((*(re.escape(host) for host in _HOSTS), *_OPTIONS, *_FOLDERS)), re.IGNORECASE)


def hosts_named(root: Path, files: list[Path]) -> list[str]:
    found = []
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), start=1):
            found += [f"{path.relative_to(root)}:{number} names {each}" for each in PATTERN.findall(line)]
    return found


def test_no_file_names_a_package_index() -> None:
    files = tracked(ROOT)
    assert {ROOT / "requirements.lock", ROOT / "requirements-dev.lock"} <= set(files)
    assert hosts_named(ROOT, files) == []


def test_a_host_an_option_and_a_folder_are_found(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.lock": f"--{'index'}-url https://{'py'}pi.org/simple\n",
            "b.sh": f"pip install --{'find'}-links /{'opt'}/wheels x\n",
            "c.sh": f"uv pip compile --no-emit-{'index'}-url\n",
        },
    )
    found = hosts_named(tmp_path, sorted(tmp_path.iterdir()))
    assert [line.partition(" ")[0] for line in found] == ["a.lock:1", "a.lock:1", "b.sh:1", "b.sh:1"]
