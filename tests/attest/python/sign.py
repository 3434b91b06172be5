"""Signs a payload with securesystemslib: sign.py PAYLOAD PRIVATE_KEY...; prints the envelope."""
import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

with open(sys.argv[1], "rb") as file:
    envelope = Envelope(file.read(), "application/vnd.in-toto+json", {})
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        envelope.sign(CryptoSigner(load_pem_private_key(file.read(), None)))
print(json.dumps(envelope.to_dict()))
