"""Verifies a DSSE envelope with securesystemslib: verify.py ENVELOPE PUBLIC_KEY; prints the key's id, then the payload.

The same few lines are in docs/signing.md.
"""
import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

with open(sys.argv[1], "rb") as file:
    envelope = Envelope.from_dict(json.load(file))
with open(sys.argv[2], "rb") as file:
    key = SSlibKey.from_crypto(load_pem_public_key(file.read()))
envelope.verify([key], threshold=1)
print(key.keyid)
print(envelope.payload.decode())
