"""The package, its unit and what stands in front of it, as an operator meets them. With LONG=1 the package is put into a bare Debian 12 of its own
(debootstrap, namespaces) whose systemd starts the unit with its whole sandbox, and an upgrade finds the data again."""

import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from harness import BROWSER, SOURCE, Market, Server, free_port, person, wait_for

INSTALL, RELEASE = SOURCE / "scripts/install", SOURCE / "build/release"
NGINX = "/usr/sbin/nginx"
EXPOSURE_MAX = 14  # tenths, as `systemd-analyze security` counts: the network, which it is for, and a user that stays
HOSTING = "198.51.100.9"
LONG = os.environ.get("LONG") == "1"


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def package(folder, version=None):
    """A .deb of what build/release holds."""
    other = ["-D", f"CPACK_PACKAGE_VERSION={version}"] if version else []
    run("cpack", "--config", RELEASE / "CPackConfig.cmake", "-B", folder, *other, cwd=folder)
    (made,) = Path(folder).glob(f"countersign_{version or ''}*.deb")
    return made


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="countersign-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.package = package(cls.folder)
        cls.root = cls.folder / "root"
        run("dpkg-deb", "-x", cls.package, cls.root)
        run("dpkg-deb", "-e", cls.package, cls.root / "DEBIAN")
        cls.unit = cls.root / "usr/lib/systemd/system/countersign.service"

    def test_it_holds_what_an_operator_needs(self):
        for name in ("usr/bin/countersign", "usr/bin/countersign-loadtest", "etc/countersign/countersign.conf", "usr/share/doc/countersign/README.md",
                     "usr/share/doc/countersign/common/FORMATS.md", "usr/share/doc/countersign/docs/operating.md", "usr/share/doc/countersign/verify.py", "usr/share/doc/countersign/examples/nginx.conf",
                     "usr/share/doc/countersign/examples/Caddyfile"):
            self.assertTrue((self.root / name).is_file(), name)
        folder = self.root / "usr/share/doc/countersign"
        for link in re.findall(r"\]\(([\w/.-]+)", (folder / "README.md").read_text()):
            self.assertTrue((folder / link).is_file(), link)
        self.assertEqual((self.root / "DEBIAN/conffiles").read_text().split(), ["/etc/countersign/countersign.conf"])
        control = (self.root / "DEBIAN/control").read_text()
        for library in ("libssl3", "libsodium23", "liblmdb0", "libjansson4", "libcurl4", "libevent-core-2.1-7"):
            self.assertIn(library, control)
        self.assertIn("libevent-extra-2.1-7 (>= 2.1.12-stable-8+deb12u1)", control, "serve would refuse to start with an older one")

    def test_its_second_implementation_runs(self):
        done = subprocess.run(["/usr/bin/python3", "-B", self.root / "usr/share/doc/countersign/verify.py", self.folder], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (2, ""), done.stdout)

    def test_its_settings_are_settings(self):
        shown = run(self.root / "usr/bin/countersign", "serve", "--config", self.root / "etc/countersign/countersign.conf", "--print-config")
        self.assertRegex(shown, r"(?m)^data = /var/lib/countersign\b")
        self.assertRegex(shown, r"(?m)^admin_listen = 127.0.0.1:8081\b")

    def test_the_unit_is_one_and_leaves_little_open(self):
        exec_start = re.search(r"(?m)^ExecStart=(\S+)", self.unit.read_text())
        self.assertTrue((self.root / exec_start[1].lstrip("/")).is_file(), "starts what the package has not")
        here = self.folder / "countersign.service"
        here.write_text(self.unit.read_text().replace(exec_start[1], str(self.root / exec_start[1].lstrip("/"))))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", here], capture_output=True, text=True, check=False)
        self.assertNotIn("countersign.service:", said.stderr)
        self.assertIn("countersign.service", self.exposure(here))

    def exposure(self, unit):
        return run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)

    def test_a_unit_that_is_open_is_found(self):
        """The negative control."""
        for line in ("NoNewPrivileges=yes\n", "ProtectSystem=strict\n", "CapabilityBoundingSet=\n"):
            weak = self.folder / "weak.service"
            weak.write_text(self.unit.read_text().replace(line, ""))
            with self.assertRaises(AssertionError):
                self.exposure(weak)

    def test_the_compose_file_and_the_dockerfile_name_what_is_there(self):
        compose, dockerfile = (INSTALL / "compose.yaml").read_text(), (INSTALL / "Dockerfile").read_text()
        self.assertTrue((SOURCE / re.search(r"dockerfile: (\S+)", compose)[1]).is_file())
        self.assertTrue((SOURCE / re.search(r"RUN .*/source/(scripts/\S+)", dockerfile)[1]).is_file())
        known = run(self.root / "usr/bin/countersign", "serve", "--print-config", "--data", "/")
        for name in re.findall(r"COUNTERSIGN_(\w+):", compose):
            self.assertRegex(known, rf"(?m)^{name.lower()} =")


class BehindNginx(unittest.TestCase):
    """The sample, with other names, ports and files, in front of a server whose public URL is the proxy's."""

    HOST = "track.example.net"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="countersign-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder, cls.port, plain = Path(folder.name), free_port(), free_port()
        cls.url, cls.plain = f"https://localhost:{cls.port}", f"http://localhost:{plain}"
        (cls.folder / "datacenters").write_text(HOSTING + "\n")
        cls.server = Server(public_url=cls.url, TRUSTED_PROXIES="127.0.0.1", DATACENTER_LIST=cls.folder / "datacenters")
        cls.addClassCleanup(cls.server.close)
        run("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", cls.folder / "key.pem", "-out", cls.folder / "cert.pem")
        site = (INSTALL / "nginx.conf").read_text()
        for was, now in (("/etc/ssl/track.example.net.pem", cls.folder / "cert.pem"), ("/etc/ssl/private/track.example.net.key", cls.folder / "key.pem"),
                         ("    listen [::]:80;\n", ""), ("    listen [::]:443 ssl http2;\n", ""), ("listen 80;", f"listen 127.0.0.1:{plain};"),
                         ("listen 443 ssl http2;", f"listen 127.0.0.1:{cls.port} ssl http2;"), (cls.HOST, "localhost"),
                         ("https://$host", f"https://$host:{cls.port}"), ("127.0.0.1:8080", f"127.0.0.1:{cls.server.port}")):
            assert was in site, was
            site = site.replace(was, str(now))
        temp = "\n".join(f"{kind}_temp_path {cls.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.getuid() == 0 else ""
        (cls.folder / "site.conf").write_text(site)
        (cls.folder / "nginx.conf").write_text(f"{user} daemon off; pid {cls.folder}/pid; events {{}}\n"
                                               f"http {{ {temp} access_log off; include {cls.folder}/site.conf; }}\n")
        cls.nginx = subprocess.Popen([NGINX, "-p", cls.folder, "-e", cls.folder / "error.log", "-c", cls.folder / "nginx.conf"])
        cls.addClassCleanup(cls.end)
        cls.trust = ssl.create_default_context(cafile=cls.folder / "cert.pem")
        wait_for(cls.answers, what="nginx to answer")
        cls.market = Market(cls.server)
        cls.market.publisher.host = cls.url.removeprefix("https://")

    @classmethod
    def end(cls):
        cls.nginx.terminate()
        cls.nginx.wait(20)

    @classmethod
    def answers(cls):
        assert cls.nginx.poll() is None, (cls.folder / "error.log").read_text()
        try:
            return cls.get("/readyz")[0] == 200
        except OSError:
            return False

    @classmethod
    def get(cls, target, headers=None, base=None, body=None):
        """(status, headers, body); redirects are not followed."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=cls.trust), Stay, urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request((base or cls.url) + target, body, headers or {}), timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def test_plain_http_is_sent_to_https(self):
        status, headers, _ = self.get("/c/x?y=%2Fz", base=self.plain)
        self.assertEqual((status, headers["Location"]), (308, self.url + "/c/x?y=%2Fz"))

    def test_a_click_with_big_cookies_and_its_signed_lead_get_through(self):
        path = self.market.code["click_url"].removeprefix(self.url)
        status, headers, _ = self.get(path, {**BROWSER, "Cookie": "a=" + "b" * 30000})
        self.assertEqual(status, 302)
        click_id = re.search(r"click_id=([\w.-]+)", headers["Location"])[1]
        target = self.market.publisher.signed_target(person(click_id=click_id))
        status, _, body = self.get(target)
        self.assertEqual((status, json.loads(body)["status"]), (200, "pending"), body)

    def class_of(self, base, sub1):
        """What a click whose sender claims a hosting network's address is taken for."""
        path = self.market.code["click_url"].removeprefix(self.url) + "?sub1=" + sub1
        self.get(path, {**BROWSER, "X-Forwarded-For": HOSTING}, base)

        def seen():
            entries = [json.loads(entry) for _, entry in self.market.entries()]
            return next((entry["class"] for entry in entries if entry.get("sub1") == sub1), None)

        return wait_for(seen, what="the click to be in the log")

    def test_the_visitor_is_who_nginx_saw(self):
        """An address that the client claims is not believed. Past nginx, from a proxy that is trusted, it would be."""
        self.assertEqual((self.class_of(self.url, "through"), self.class_of(self.server.url, "past")), ("ok", "datacenter"))

    def test_too_large_a_body_is_refused_in_the_servers_words(self):
        status, headers, body = self.get("/v1/parties", {"Authorization": "Bearer " + self.server.operator.token, "Content-Type": "application/json"},
                                         body=b" " * (9 << 20))
        self.assertEqual((status, headers["Content-Type"]), (413, "application/problem+json"), body[:200])


@unittest.skipUnless(LONG, "a Debian of its own: with LONG=1")
class UnderSystemd(unittest.TestCase):
    """A bare Debian 12 with the package, booted in namespaces of its own. It shares nothing but the kernel, not even the network."""

    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0:
            raise unittest.SkipTest("namespaces and debootstrap want root")
        folder = tempfile.TemporaryDirectory(prefix="countersign-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder, cls.root = Path(folder.name), Path(folder.name) / "root"
        run("debootstrap", "--variant=minbase", "--include=systemd,ca-certificates,curl", "bookworm", cls.root, "http://deb.debian.org/debian")
        with (cls.root / "etc/apt/sources.list").open("a") as sources:
            sources.write("deb http://deb.debian.org/debian-security bookworm-security main\n")
        run("chroot", cls.root, "apt-get", "update")
        cls.machine = None
        cls.said = cls.installs("0.1.0")
        cls.boots()
        cls.addClassCleanup(cls.goes)
        cls.inside("runuser", "-u", "countersign", "--", "countersign", "init", "--data", "/var/lib/countersign", "--public-url", "http://track.example.net")
        cls.inside("systemctl", "start", "countersign")

    @classmethod
    def installs(cls, version):
        made = package(cls.folder, version)
        shutil.copy(made, cls.root / "root")
        return cls.inside("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends", f"/root/{made.name}")

    @classmethod
    def inside(cls, *command):
        if cls.machine is None:
            return run("chroot", cls.root, *command)
        return run("nsenter", "-t", cls.machine, "-a", "-r", "-w", *command)

    @classmethod
    def boots(cls):
        script = cls.folder / "boot.sh"
        script.write_text(f"""set -e
mount --make-rprivate /
mount --bind {cls.root} {cls.root}
cd {cls.root}
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
for each in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $each; done
for each in null zero full random urandom tty; do touch dev/$each; mount --bind /dev/$each dev/$each; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
mkdir sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd,xattr cgroup sys/fs/cgroup/systemd 2>/dev/null || {{ umount sys/fs/cgroup; mount -t cgroup2 cgroup2 sys/fs/cgroup; }}
mkdir -p old
pivot_root . old
umount -l /old
exec env -i container=sandbox PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
""")
        unshare = subprocess.Popen(["unshare", "--fork", "--pid", "--mount", "--ipc", "--uts", "--net", "--cgroup", "--kill-child", "sh", script],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.unshare = unshare
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
        cls.machine = wait_for(lambda: children.read_text().split(), what="the machine to begin")[0]
        wait_for(lambda: subprocess.run(["nsenter", "-t", cls.machine, "-a", "-r", "-w", "systemctl", "is-system-running"], capture_output=True, text=True,
                                        check=False).stdout.strip() in ("running", "degraded"), 90, "systemd to be up")

    @classmethod
    def goes(cls):
        cls.unshare.kill()
        cls.unshare.wait()

    def asks(self, url, *more):
        return self.inside("curl", "-s", "-f", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", *more, url)

    def bearer(self):
        return "-H", f"Authorization: Bearer {self.inside('cat', '/var/lib/countersign/operator.token').strip()}"

    def backup(self):
        """What came of one that is asked for."""
        self.asks("http://127.0.0.1:8081/readyz")
        self.asks("http://127.0.0.1:8080/v1/backups", *self.bearer(), "-X", "POST")
        state = lambda: json.loads(self.asks("http://127.0.0.1:8080/v1/upkeep", *self.bearer()))["backup"]  # noqa: E731
        return wait_for(lambda: "running" not in state() and state(), 60, "the backup to end")

    def test_a_copy_is_made_where_its_unit_lets_it_and_no_stop_is_an_error(self):
        self.inside("install", "-d", "-o", "countersign", "-m", "0700", "/backups")
        with (self.root / "etc/countersign/countersign.conf").open("a") as settings:
            settings.write("backup_dir = /backups\n")
        self.inside("systemctl", "restart", "countersign")
        self.assertIn("ReadWritePaths=/backups", self.backup()["failed"]["detail"])
        unit = self.root / "etc/systemd/system/countersign.service.d"
        unit.mkdir(parents=True)
        (unit / "backups.conf").write_text("[Service]\nReadWritePaths=/backups\n")
        self.inside("systemctl", "daemon-reload")
        self.inside("systemctl", "restart", "countersign")
        made = self.backup()
        self.assertNotIn("failed", made)
        self.assertIn("all holds", self.inside("countersign", "check", "--data", made["last"]["folder"]))
        self.assertNotIn("helper_gone", self.inside("journalctl", "-u", "countersign"))

    def test_a_reload_at_once_behind_a_start_leaves_it_running(self):
        for _ in range(10):
            self.inside("sh", "-c", "systemctl restart countersign; systemctl reload countersign || true")
            self.assertIn("ready", self.asks("http://127.0.0.1:8081/readyz"))

    def test_it_installs_starts_answers_and_keeps_its_data_over_an_upgrade(self):
        self.assertIn("countersign init --data /var/lib/countersign", self.said, "nobody says what comes next")
        self.assertEqual(self.asks("http://127.0.0.1:8081/readyz").strip(), "ready as owner")
        bearer = self.bearer()
        made = json.loads(self.asks("http://127.0.0.1:8080/v1/parties", *bearer, "-H", "Content-Type: application/json", "-d",
                                    json.dumps({"name": "Le Bon Toit", "kind": "advertiser"})))
        self.inside("systemctl", "reload", "countersign")
        first = self.inside("systemctl", "show", "-p", "MainPID", "countersign")
        self.installs("0.1.1")
        self.assertNotEqual(self.inside("systemctl", "show", "-p", "MainPID", "countersign"), first, "the old one runs on")
        self.assertIn(made["id"], self.asks("http://127.0.0.1:8080/v1/parties", *bearer))
        self.assertIn("all holds", self.inside("countersign", "check", "--data", "/var/lib/countersign"))
        self.inside("apt-get", "purge", "-y", "countersign")
        self.assertTrue((self.root / "var/lib/countersign/store.mdb").is_file(), "the ledger went with the package")


if __name__ == "__main__":
    unittest.main()
