"""Stands in for the script that ansible-test fetches to put pip into an empty environment: Python brings one.

So it needs nothing but a package index. It is called as that script is: with what pip is to install.
"""

import subprocess
import sys

FOREIGN = ("--no-setuptools", "--no-wheel")  # options of the script, not of pip

subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
wanted = [argument for argument in sys.argv[1:] if argument not in FOREIGN]
subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=True)  # noqa: S603 - what ansible-test names
