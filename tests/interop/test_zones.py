"""Time zones against Python's zoneinfo: offsets, local days and months of all zones, and midnights over both changes of the clocks."""
import datetime
import os
import random
import subprocess
import unittest
import zoneinfo

ANSWERS = os.environ["ZONE_ANSWERS"]
UTC = datetime.timezone.utc
EPOCH = datetime.date(1970, 1, 1)
THREE = ["America/New_York", "Asia/Kolkata", "Europe/Paris"]
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))


def ask(pairs):
    text = "".join(f"{zone} {ms}\n" for zone, ms in pairs)
    answer = subprocess.run([ANSWERS], input=text, capture_output=True, text=True, check=True).stdout
    return answer.splitlines()


def midnight(day, tz):
    """When a day begins: of two midnights the later if clocks showed the day before in between, and where there is none, when they skip it."""
    later = datetime.datetime.combine(day, datetime.time(), tz).replace(fold=1)
    shows = lambda moment: moment.astimezone(tz).replace(tzinfo=None)
    moment = later.astimezone(UTC)
    there = shows(moment) == later.replace(tzinfo=None) and shows(moment - datetime.timedelta(milliseconds=1)).date() < day
    return round((later if there else later.replace(fold=0)).timestamp() * 1000)


def oracle(zone, ms):
    local = datetime.datetime.fromtimestamp(ms // 1000, UTC).astimezone(zoneinfo.ZoneInfo(zone))
    offset = int(local.utcoffset().total_seconds())
    return f"{offset} {(local.date() - EPOCH).days} {(local.year - 1970) * 12 + local.month - 1} {midnight(local.date(), zoneinfo.ZoneInfo(zone))}"


def ms_of(*when, tz=UTC):
    return int(datetime.datetime(*when, tzinfo=tz).timestamp() * 1000)


def changes(zone, year):
    """Unix ms of the seconds at which the zone's offset changes within a year."""
    at = lambda ms: datetime.datetime.fromtimestamp(ms // 1000, UTC).astimezone(zoneinfo.ZoneInfo(zone)).utcoffset()
    found, step = [], 6 * 3600 * 1000
    for low in range(ms_of(year, 1, 1), ms_of(year + 1, 1, 1), step):
        if at(low) != at(low + step):
            a, b = low, low + step
            while b - a > 1000:
                m = (a + b) // 2000 * 1000
                a, b = (m, b) if at(m) == at(a) else (a, m)
            found.append(b)
    return found


class Zones(unittest.TestCase):
    def same(self, pairs):
        wrong = [(zone, ms, mine, oracle(zone, ms)) for (zone, ms), mine in zip(pairs, ask(pairs), strict=True)
                 if mine != oracle(zone, ms)]
        self.assertEqual(wrong[:5], [], f"of {len(pairs)}, seed {SEED}")

    def test_all_zones_at_all_times(self):
        chance = random.Random(SEED)
        zones = sorted(z for z in zoneinfo.available_timezones() if not z.startswith(("posix", "right")) and z != "localtime")
        self.assertGreater(len(zones), 400)
        last = ms_of(2400, 1, 1)  # far behind the last transition of any file: the footer's years
        pairs = [(z, chance.randrange(0, last)) for z in zones for _ in range(60)]
        self.same(pairs)
        print(f"{len(zones)} zones, {len(pairs)} times, seed {SEED}")

    def test_each_second_around_each_change(self):
        chance = random.Random(SEED)
        zones = THREE + chance.sample(sorted(zoneinfo.available_timezones() - {"localtime"}), 25) + [
            "Africa/Casablanca", "America/Havana", "America/St_Johns", "Europe/Dublin", "America/Nuuk", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Gaza", "America/Sao_Paulo"]
        zones = [z for z in zones if not z.startswith(("posix", "right"))]
        pairs = [(z, ms + d) for z in zones for year in (1999, 2011, 2026, 2039, 2100) for ms in changes(z, year)
                 for d in (-1000, -1, 0, 1, 999, 1000)]
        self.assertGreater(len(pairs), 200)
        self.same(pairs)

    def test_midnights_of_three_zones_over_both_changes(self):
        pairs, seen = [], 0
        for zone in THREE:
            tz = zoneinfo.ZoneInfo(zone)
            for year in (2026, 2027, 2045):
                days = [datetime.datetime.fromtimestamp(ms / 1000, UTC).astimezone(tz).date() for ms in changes(zone, year)]
                seen += len(days)
                for day in days or [datetime.date(year, 3, 29), datetime.date(year, 10, 25)]:
                    for d in range(-2, 3):
                        midnight = datetime.datetime.combine(day + datetime.timedelta(d), datetime.time(), tz)
                        pairs += [(zone, int(midnight.timestamp() * 1000) + e) for e in (-1, 0, 1)]
                for month in range(1, 13):
                    pairs += [(zone, ms_of(year, month, 1, tz=tz) + e) for e in (-1, 0)]
        self.assertEqual(seen, 2 * 2 * 3)  # two zones change twice a year, one never
        self.same(pairs)

    def test_the_oracle_notices_an_hour(self):
        ms = ms_of(2026, 3, 8, 5, 30)
        self.assertEqual(ask([("America/New_York", ms)]), [oracle("America/New_York", ms)])
        self.assertNotEqual(ask([("America/New_York", ms)]), [oracle("America/New_York", ms - 3600000)])
        self.assertNotEqual(ask([("America/Chicago", ms)]), [oracle("America/New_York", ms)])


if __name__ == "__main__":
    unittest.main()
