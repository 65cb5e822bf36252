"""Small archives as an index holds them: a wheel and a source distribution, made on the spot."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from labkit.models.downloads import Archive, Member

# What leaves a mark where it is run: a build backend inside the archive (so that pip needs no other), the
# older kind of build script, and a module.
_MARK = "import os, pathlib\npathlib.Path(os.environ['MARK']).touch()\n"
_BACKEND = (
    _MARK
    + """
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    info = pathlib.Path(directory) / "{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
    return info.name
def build_wheel(*args, **kwargs):
    raise RuntimeError("nothing is to be built")
"""
)
CODE = _MARK.encode()


def sha256(data):
    """The sha256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def make_wheel(folder, files, name="stranger"):
    """Write NAME-1.0-py3-none-any.whl with `files` ({path: bytes}) into `folder`; returns its path."""
    path = Path(folder) / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, data in (files | metadata).items():
            wheel.writestr(zipfile.ZipInfo(inside), data)
    return path


def make_tar(files):
    """The bytes of a .tar.gz; a value that is a string is where a symbolic link points."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for inside, data in files.items():
            info = tarfile.TarInfo(inside)
            if isinstance(data, str):
                info.type, info.linkname, data = tarfile.SYMTYPE, data, b""
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def make_sdist(folder, files, name="stranger"):
    """Write NAME-1.0.tar.gz with `files` (under NAME-1.0/) into `folder`; returns its path."""
    project = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    own = {
        "pyproject.toml": project,
        "backend.py": _BACKEND.replace("{name}", name).encode(),
        "setup.py": CODE,
        f"{name}/__init__.py": CODE,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
    }
    path = Path(folder) / f"{name}-1.0.tar.gz"
    path.write_bytes(make_tar({f"{name}-1.0/{inside}": data for inside, data in (own | files).items()}))
    return path


def pinned(path, *members, name="stranger", **changes):
    """The Archive of a file; `members` are (inside, name, bytes)."""
    data = Path(path).read_bytes()
    pins = tuple(Member(inside, target, sha256(b), len(b)) for inside, target, b in members)
    fields = {"what": "a stranger's files", "otherwise": "The rest works without them."}
    fields |= {"project": name, "file": Path(path).name}
    fields |= {"sha256": sha256(data), "size": len(data), "members": pins}
    return Archive(**fields | changes)
