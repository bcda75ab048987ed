"""A server that speaks TLS by itself, and clients of it."""

import datetime
import http.client
import ipaddress
import os
import signal
import socket
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from harness import Server, free_port, wait_for

DAY = datetime.timedelta(days=1)


def make_pair(folder, name, days=60, host="localhost", passphrase=None):
    """A self-signed certificate, valid for so many days from now on, and its key, as files: their paths."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY).not_valid_after(now + days * DAY).add_extension(names, False).sign(key, hashes.SHA256()))
    cert_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    cert_path.write_bytes(cert.public_bytes(Encoding.PEM))
    key_path.touch(0o600)
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase) if passphrase else NoEncryption()))
    return cert_path, key_path


class TlsServer(Server):
    scheme = "https"

    def __init__(self, **settings):
        self.pairs = tempfile.TemporaryDirectory(prefix="countersign-tls-")
        self.pair_folder = Path(self.pairs.name)
        self.cert, self.key = make_pair(self.pair_folder, "used")
        self.trust = self.pair_folder / "trust"
        self.trust.write_bytes(self.cert.read_bytes())
        os.environ["SSL_CERT_FILE"] = str(self.trust)  # what this process's own clients trust
        self.redirect_port = free_port()
        super().__init__(**{"TLS_CERT": self.cert, "TLS_KEY": self.key, "REDIRECT_LISTEN": f"127.0.0.1:{self.redirect_port}", **settings})

    def close(self):
        try:
            super().close()
        finally:
            del os.environ["SSL_CERT_FILE"]
            self.pairs.cleanup()

    def context(self, low=ssl.TLSVersion.TLSv1_2, high=ssl.TLSVersion.TLSv1_3, alpn=("http/1.1",)):
        """A client's, which by itself would take anything old: so what it is refused the server refuses."""
        made = ssl.create_default_context(cafile=self.trust)
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version, made.maximum_version = low, high
        if alpn:
            made.set_alpn_protocols(alpn)
        return made

    def dial(self, context=None, session=None, timeout=10):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout)
        try:
            return (context or self.context()).wrap_socket(raw, server_hostname="localhost", session=session)
        except BaseException:
            raw.close()
            raise

    def reload(self, event):
        """HUP, until the log says so."""
        before = self.log().count(f'"event":"{event}"')
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.log().count(f'"event":"{event}"') > before, what=event)


def ask(connection, target="/healthz", headers=()):
    """One request on a connection that stays: (status, headers, body)."""
    connection.sendall("\r\n".join([f"GET {target} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.headers, answer.read()
