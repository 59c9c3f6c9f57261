"""PyPI's cent, as it is, with the HTTP API of `longwire serve`: every method that they share.

    python api.py LONGWIRE

Starts `LONGWIRE serve`, runs the tests, and ends the server. No wait is longer than 20 seconds.
"""

import asyncio
import json
import pathlib
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

import cent

API_KEY = "the key of the tests"
WAIT = 20


class Server:
    """A server, and a session of it that is spoken to by hand."""

    def __init__(self, program):
        configuration = pathlib.Path(__file__).parent.parent / "longwire.toml"
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--config", configuration],
            env={"LONGWIRE_SERVER_THREADS": "2", "LONGWIRE_LOG_LEVEL": "warn"},
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        self.url = line.removeprefix("listening on ").strip().removesuffix("/")

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT)
        self.process.stdout.close()

    def post(self, path, body, **headers):
        """What the server answers to a request: the status and the body."""
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=WAIT) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


class Session:
    """A client of the server, over an answer that does not end: one JSON text a line."""

    def __init__(self, server, **connect):
        body = json.dumps({"id": 1, "connect": connect}).encode()
        request = urllib.request.Request(server.url + "/connection/http_stream", body)
        self.answer = urllib.request.urlopen(request, timeout=WAIT)
        self.server = server
        self.connected = self.next()["connect"]
        self.client = self.connected["client"]

    def next(self):
        """What the server says next, but for pings."""
        while (line := json.loads(self.answer.readline())) == {}:
            pass
        return line

    def ask(self, **command):
        data = json.dumps({"id": 2, **command})
        named = {name: self.connected[name] for name in ("session", "node")}
        status, _ = self.server.post("/emulation", json.dumps({**named, "data": data}).encode())
        assert status == 204, status
        return self.next()

    def close(self):
        self.answer.close()


class Api(unittest.TestCase):
    """Each test has channels of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM)
        cls.client = cent.Client(cls.server.url + "/api", API_KEY, timeout=WAIT)

    @classmethod
    def tearDownClass(cls):
        cls.client._session.close()
        cls.server.stop()

    def session(self, channel=None):
        session = Session(self.server)
        self.addCleanup(session.close)
        if channel is not None:
            self.assertIn("subscribe", session.ask(subscribe={"channel": channel}))
        return session

    def refused(self, request, code):
        with self.assertRaises(cent.CentApiResponseError) as refusal:
            self.client._send(request)
        self.assertEqual(refusal.exception.code, code, request)

    def top(self, channel):
        return self.client.history(cent.HistoryRequest(channel=channel, limit=0)).offset

    def test_publish(self):
        session = self.session("publish")
        first = self.client.publish(
            cent.PublishRequest(channel="publish", data={"text": "żółć 😀"}, tags={"a": "1"})
        )
        second = self.client.publish(
            # cent wants data even where there is b64data, and sends both.
            cent.PublishRequest(channel="publish", data=None, b64data="eyJiIjoyfQ==")
        )
        third = self.client.publish(
            cent.PublishRequest(channel="publish", data=3, skip_history=True)
        )
        self.assertEqual((first.offset, second.offset, third.offset), (1, 2, 0))
        self.assertEqual(first.epoch, second.epoch)
        pubs = [session.next()["push"]["pub"] for _ in range(3)]
        self.assertEqual(
            pubs,
            [
                {"data": {"text": "żółć 😀"}, "offset": 1, "tags": {"a": "1"}},
                {"data": {"b": 2}, "offset": 2},
                {"data": 3},
            ],
        )

    def test_publish_with_the_same_idempotency_key_twice(self):
        for key, offset in [("one", 1), ("one", 1), ("two", 2), ("one", 1)]:
            result = self.client.publish(
                cent.PublishRequest(channel="idempotent", data=key, idempotency_key=key)
            )
            self.assertEqual(result.offset, offset)
        history = self.client.history(cent.HistoryRequest(channel="idempotent", limit=-1))
        self.assertEqual([it.data for it in history.publications], ["one", "two"])

    def test_broadcast(self):
        session = self.session("broadcast b")
        channels = ["broadcast a", "broadcast b", "no such:namespace"]
        result = self.client.broadcast(cent.BroadcastRequest(channels=channels, data=1))
        first, second, third = result.responses
        self.assertEqual((first.result.offset, second.result.offset), (1, 1))
        self.assertEqual((third.result, third.error.code), (None, 102))
        self.assertEqual(session.next()["push"]["pub"]["data"], 1)

    def test_subscribe_and_unsubscribe(self):
        session = self.session()
        who = {"user": "", "client": session.client, "channel": "secret:subscribed"}
        self.client.subscribe(cent.SubscribeRequest(**who, info={"seat": 7}))
        push = session.next()["push"]
        self.assertEqual((push["channel"], "subscribe" in push), ("secret:subscribed", True))
        presence = self.client.presence(cent.PresenceRequest(channel="secret:subscribed")).presence
        self.assertEqual(presence[session.client].chan_info, {"seat": 7})
        self.client.unsubscribe(cent.UnsubscribeRequest(**who))
        self.assertEqual(session.next()["push"]["unsubscribe"]["code"], 2000)
        stats = self.client.presence_stats(cent.PresenceStatsRequest(channel="secret:subscribed"))
        self.assertEqual((stats.num_clients, stats.num_users), (0, 0))

    def test_subscribe_from_a_position(self):
        for number in range(1, 4):
            self.client.publish(cent.PublishRequest(channel="since", data=number))
        epoch = self.client.history(cent.HistoryRequest(channel="since", limit=0)).epoch
        session = self.session()
        self.client.subscribe(
            cent.SubscribeRequest(
                user="",
                client=session.client,
                channel="since",
                recover_since=cent.StreamPosition(offset=1, epoch=epoch),
            )
        )
        begin = session.next()["push"]["subscribe"]
        self.assertEqual((begin["offset"], begin["recovered"]), (1, True))
        pubs = [session.next()["push"]["pub"] for _ in range(2)]
        self.assertEqual([(it["data"], it["offset"]) for it in pubs], [(2, 2), (3, 3)])

    def test_disconnect(self):
        session = self.session()
        self.client.disconnect(cent.DisconnectRequest(user="", client=session.client))
        told = session.next()["push"]["disconnect"]
        self.assertEqual(told, {"code": 3503, "reason": "force disconnect"})
        session = self.session()
        custom = cent.Disconnect(code=4123, reason="out")
        self.client.disconnect(
            cent.DisconnectRequest(user="", client=session.client, disconnect=custom)
        )
        told = session.next()["push"]["disconnect"]
        self.assertEqual(told, {"code": 4123, "reason": "out"})
        self.assertEqual(session.answer.readline(), b"")

    def test_refresh(self):
        session = self.session("refresh")
        who = {"user": "", "client": session.client}
        self.client.refresh(cent.RefreshRequest(**who, expire_at=4_000_000_000))
        self.client.publish(cent.PublishRequest(channel="refresh", data=1))
        while "pub" not in session.next()["push"]:
            pass
        self.client.refresh(cent.RefreshRequest(**who, expired=True))
        self.assertEqual(session.next()["push"]["disconnect"]["code"], 3005)

    def test_presence(self):
        sessions = [self.session("presence") for _ in range(2)]
        result = self.client.presence(cent.PresenceRequest(channel="presence"))
        self.assertEqual(set(result.presence), {session.client for session in sessions})
        self.assertEqual({it.user for it in result.presence.values()}, {""})
        stats = self.client.presence_stats(cent.PresenceStatsRequest(channel="presence"))
        self.assertEqual((stats.num_clients, stats.num_users), (2, 1))
        nobody = self.client.presence(cent.PresenceRequest(channel="nobody here"))
        self.assertEqual(nobody.presence, {})

    def test_history_and_its_removal(self):
        for number in range(1, 5):
            self.client.publish(
                cent.PublishRequest(channel="history", data=number, tags={"n": str(number)})
            )
        epoch = self.client.history(cent.HistoryRequest(channel="history")).epoch
        since = cent.StreamPosition(offset=2, epoch=epoch)
        table = [
            ({}, []),
            ({"limit": 0}, []),
            ({"limit": -1}, [1, 2, 3, 4]),
            ({"limit": 2}, [1, 2]),
            ({"limit": 2, "reverse": True}, [4, 3]),
            ({"limit": 9, "since": since}, [3, 4]),
            ({"limit": 9, "since": since, "reverse": True}, [1]),
        ]
        for options, numbers in table:
            page = self.client.history(cent.HistoryRequest(channel="history", **options))
            found = [(it.data, it.offset, it.tags) for it in page.publications]
            self.assertEqual(found, [(n, n, {"n": str(n)}) for n in numbers], options)
            self.assertEqual((page.offset, page.epoch), (4, epoch))
        elsewhere = cent.StreamPosition(offset=2, epoch="no such")
        self.refused(cent.HistoryRequest(channel="history", limit=1, since=elsewhere), 112)
        self.client.history_remove(cent.HistoryRemoveRequest(channel="history"))
        page = self.client.history(cent.HistoryRequest(channel="history", limit=-1))
        self.assertEqual((page.publications, page.offset, page.epoch), ([], 4, epoch))

    def test_channels(self):
        for channel in ["short:a", "short:b", "plain:a"]:
            self.session(channel)
        self.session("short:a")
        result = self.client.channels(cent.ChannelsRequest(pattern="short:*"))
        found = {name: info.num_clients for name, info in result.channels.items()}
        self.assertEqual(found, {"short:a": 2, "short:b": 1})
        self.assertIn("plain:a", self.client.channels(cent.ChannelsRequest()).channels)

    def test_info(self):
        self.session("info")
        nodes = self.client.info(cent.InfoRequest()).nodes
        self.assertGreaterEqual(sum(node.num_clients for node in nodes), 1)
        self.assertGreaterEqual(sum(node.num_channels for node in nodes), 1)

    def test_batch(self):
        for parallel in [False, True]:
            channel = f"batch {parallel}"
            requests = [
                cent.PublishRequest(channel=channel, data=1),
                cent.BroadcastRequest(channels=[channel + "!"], data=2),
                cent.PresenceStatsRequest(channel=channel),
            ]
            result = self.client.batch(cent.BatchRequest(requests=requests, parallel=parallel))
            published, broadcast, stats = result.replies
            self.assertEqual(published.offset, 1)
            self.assertEqual(broadcast.responses[0].result.offset, 1)
            self.assertEqual(stats.num_clients, 0)

    def test_a_batch_in_order(self):
        numbers = range(1, 21)
        requests = [cent.PublishRequest(channel="in order", data=it) for it in numbers]
        requests.append(cent.HistoryRequest(channel="in order", limit=-1))
        *published, page = self.client.batch(cent.BatchRequest(requests=requests)).replies
        self.assertEqual([it.offset for it in published], list(numbers))
        self.assertEqual([it.data for it in page.publications], list(numbers))

    def test_many_at_once(self):
        async def publish(numbers):
            client = cent.AsyncClient(self.server.url + "/api", API_KEY, timeout=WAIT)
            requests = [cent.PublishRequest(channel="at once", data=it) for it in numbers]
            try:
                return await asyncio.gather(*(client.publish(it) for it in requests))
            finally:
                await client._session.close()

        numbers = list(range(1, 51))
        results = asyncio.run(publish(numbers))
        self.assertEqual(sorted(it.offset for it in results), numbers)
        page = self.client.history(cent.HistoryRequest(channel="at once", limit=-1))
        stood = {it.data: it.offset for it in page.publications}
        self.assertEqual(stood, dict(zip(numbers, (it.offset for it in results))))

    def test_what_is_refused_changes_nothing(self):
        channel = "refused"
        no_code = cent.Disconnect(code=1000, reason="")
        nobody = "00000000-0000-4000-8000-000000000007"
        table = [
            (cent.PublishRequest(channel="", data=1), 107),
            (cent.PublishRequest(channel="no such:namespace", data=1), 102),
            (cent.PublishRequest(channel=channel, data=1, b64data="?"), 107),
            (cent.PublishRequest(channel=channel, data=None), 107),
            (cent.PublishRequest(channel=channel, data="x" * 65_536), 106),
            (cent.BroadcastRequest(channels=[], data=1), 107),
            (cent.SubscribeRequest(user="", channel=channel), 107),
            (cent.SubscribeRequest(user="u", channel=channel, data={}), 107),
            (cent.SubscribeRequest(user="u", client="no UUID", channel=channel), 107),
            (cent.UnsubscribeRequest(user="", channel=channel), 107),
            (cent.DisconnectRequest(user=""), 107),
            (cent.DisconnectRequest(user="u", disconnect=no_code), 107),
            (cent.DisconnectRequest(user="u", whitelist=["no UUID"]), 107),
            (cent.RefreshRequest(user=""), 107),
            (cent.PresenceRequest(channel=""), 107),
            (cent.PresenceRequest(channel="no such:namespace"), 102),
            (cent.HistoryRequest(channel="plain:refused"), 108),
            (cent.PresenceRequest(channel="plain:refused"), 108),
            (cent.PresenceStatsRequest(channel="plain:refused"), 108),
            (cent.HistoryRemoveRequest(channel=""), 107),
        ]
        for request, code in table:
            self.refused(request, code)
        self.assertEqual(self.top(channel), 0)
        # Nobody is meant, which is no fault.
        self.client.disconnect(cent.DisconnectRequest(user="", client=nobody))

    def test_bodies_that_cent_would_not_send(self):
        channel = b"refused bodies"
        table = [
            (b"", 107),
            (b"{", 107),
            (b"[]", 107),
            (b"\xff", 107),
            (b'{"channel":7,"data":1}', 107),
            (b'{"channel":"' + channel + b'"}', 107),
            (b'{"channel":"' + channel + b'","data":1}}', 107),
            (b'{"channel":"' + channel + b'","data":01}', 107),
            (b'{"channel":"' + channel + b'","data":1,"tags":[]}', 107),
        ]
        for body, code in table:
            status, answer = self.server.post("/api/publish", body, **{"X-API-Key": API_KEY})
            self.assertEqual((status, json.loads(answer)["error"]["code"]), (200, code), body)
        self.assertEqual(self.top(channel.decode()), 0)

    def test_without_the_key(self):
        body = b'{"channel":"without the key","data":1}'
        for headers in [{}, {"X-API-Key": ""}, {"X-API-Key": "another key"}]:
            status, _ = self.server.post("/api/publish", body, **headers)
            self.assertEqual(status, 401, headers)
        stranger = cent.Client(self.server.url + "/api", "another key", timeout=WAIT)
        self.addCleanup(stranger._session.close)
        with self.assertRaises(cent.CentUnauthorizedError):
            stranger.publish(cent.PublishRequest(channel="without the key", data=1))
        self.assertEqual(self.top("without the key"), 0)

    def test_methods_that_there_are_not(self):
        with self.assertRaises(cent.CentTransportError) as refusal:
            self.client.connections(cent.ConnectionsRequest(user="", expression=""))
        self.assertEqual(refusal.exception.status_code, 404)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
