#!/bin/sh
# tiktoken.load keeps what it read under a name made of the path, also for a file on this disk: when the file is replaced,
# the ranks are still those of the first one, in this process and in later ones.
. "$(dirname "$0")/common.sh"
pypi tiktoken==0.13.0 requests==2.32.5
python3 - <<'PYTHON'
import base64, os, subprocess
from common import seen, written

folder = os.environ["FOLDER"]
program = written("ranks.py", '''
import sys
from tiktoken.load import load_tiktoken_bpe
print(load_tiktoken_bpe(sys.argv[1])[b"A"])
''')
ranks = []
for first in (65, 66):
    values = [first, *(value for value in range(256) if value != first)]
    lines = (f"{base64.b64encode(bytes([value])).decode()} {rank}\n" for rank, value in enumerate(values))
    path = written("mine.tiktoken", "".join(lines))
    said = subprocess.run(
        [os.path.join(folder, "venv", "bin", "python"), program, path], capture_output=True, text=True, check=True,
        env={**os.environ, "TIKTOKEN_CACHE_DIR": os.path.join(folder, "kept")},
    ).stdout
    ranks.append(int(said))
seen(f"rank of the token A: {ranks[0]}; of a file in its place, where it is 66: {ranks[1]}", ranks == [0, 0])
PYTHON
