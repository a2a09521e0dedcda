"""All data of the site as one zip, with the same bytes for the same content. Pure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from leaderboard import addresses
from leaderboard.export import LICENCE

ALSO = (addresses.RECORD, addresses.SCHEMA)
"""What is in it besides the tables."""

README = f"""Data of the rerankbench leaderboard

tables/                   every table of the site, as CSV and JSON
leaderboard.json          every run, with the addresses and hashes of its files
leaderboard.schema.json   what leaderboard.json holds (JSON Schema)

The numbers are under {LICENCE}. The runs they were computed from keep their submitters' licences; their files are on
the site, at the addresses in leaderboard.json.
"""


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by their path in the site, with a README.

    No time of writing and no file mode of this machine is in it.
    """
    named = {path.removeprefix(f"{addresses.DATA}/"): data for path, data in files.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in sorted({**named, "README.txt": README.encode()}.items()):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()
