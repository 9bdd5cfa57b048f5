"""The network: one polite way to ask every publisher, and the mirror that can stand in for all of them.

``HJP_GEO_MIRROR`` is a base address or a folder. ``https://HOST/PATH?QUERY`` becomes ``BASE/HOST/PATH?QUERY``, or the
file ``FOLDER/HOST/PATH``. In a folder the query is ignored but for an ArcGIS count, which is the file
``PATH.count.json``, and where there is a file ``PATH@QUERY``: a folder serves whole files and layers of one page. Where
PATH is itself a folder, because another address lies below it, its own answer is the file ``PATH/index.json``.

An `Upstream` may be shared by threads: each host is asked one thing at a time, with a pause between.
"""

from __future__ import annotations

import errno
import io
import json
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.models import PreparedRequest, Response
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import IncompleteRead
from urllib3.util import Retry

from hjp_geo.errors import HjpError, PlanError, SourceError
from hjp_geo.manners import Manners, manners_of, read_manners

__all__ = ["Manners", "Progress", "Upstream", "quiet", "read_manners", "shown", "unfinished"]

Progress = Callable[[int, int | None, str], None]
"""Called with (done, total or None, unit) while something long runs."""

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
TRIES = 5
LONGEST_WAIT_SECONDS = 60.0
MOST_INDEX_BYTES = 256_000_000
MOST_FILE_BYTES = 4_000_000_000
_WORTH_RETRYING = (429, 500, 502, 503, 504)
_REST_SECONDS = 30.0
_LONGEST_SHOWN = 160
_CHUNK_BYTES = 1 << 14  # a chunk that breaks off is lost whole
_WORTH_ANOTHER_TRY_BYTES = 1 << 20  # a transfer that breaks off, but gets on, is not given up
_LONGEST_NAME = 100
_FOLDER_SCHEME = "http-folder://"  # requests leaves the query off an address that does not begin with http
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def quiet(_done: int, _total: int | None, _unit: str) -> None:
    """A progress report that nobody reads."""


def shown(url: str) -> str:
    """An address as a message shows it: a long question is left out."""
    return url if len(url) <= _LONGEST_SHOWN else f"{url.split('?')[0]}?…"


@dataclass
class _Turn:
    """Whose turn it is at one host, when the next request may go out, and until when it is not to be pressed."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    not_before: float = 0.0
    out_of_breath_until: float = 0.0


@dataclass
class Upstream:
    """A session with the publishers, or with the mirror that stands in for them.

    ``pause_seconds`` is the first wait before something is tried again. ``manners`` says how single hosts are asked,
    by name; a mirror is the user's own, and is asked without a pause. An ``offline`` one asks nobody, but may still
    read a folder.
    """

    mirror: str | None = None
    pause_seconds: float = 0.5
    manners: Mapping[str, Manners] = field(default_factory=dict)
    network: Literal["online", "offline"] = "online"
    lists: dict[str, Any] = field(init=False, repr=False, default_factory=dict)
    """Long lists that many sources look through, asked once a session."""
    _sessions: threading.local = field(init=False, repr=False, default_factory=threading.local)
    _turns: dict[str, _Turn] = field(init=False, repr=False, default_factory=dict)
    _stopped: threading.Event = field(init=False, repr=False, default_factory=threading.Event)

    def __post_init__(self) -> None:
        if self.is_folder and not Path(str(self.mirror)).is_dir():
            raise PlanError(
                f"The mirror '{self.mirror}' is neither an address such as http://127.0.0.1:8080 nor a folder here."
            )

    @property
    def is_folder(self) -> bool:
        """Whether the mirror is a folder rather than a server."""
        return self.mirror is not None and "://" not in self.mirror

    @property
    def is_offline(self) -> bool:
        """Whether nobody can be asked."""
        return self.network == "offline" and not self.is_folder

    def manifest(self) -> Mapping[str, Any]:
        """What a folder mirror says of itself (``mirror.toml``): whether it is made up, and its own row totals."""
        path = Path(self.mirror or ".") / "mirror.toml"
        if not self.is_folder or not path.is_file():
            return {}
        try:
            return tomllib.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise SourceError(f"{path} is not TOML ({error}). Mend it, or take another mirror.") from error

    def address(self, url: str) -> str:
        """Where a publisher's address is really asked for."""
        if self.mirror is None:
            return url
        rest = url.split("://", 1)[1]
        return f"{_FOLDER_SCHEME}{rest}" if self.is_folder else f"{self.mirror.rstrip('/')}/{rest}"

    def stop(self) -> None:
        """Let every transfer under way end soon, with a `SourceError`; what can be resumed is kept."""
        self._stopped.set()

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> Response:
        """The publisher's answer, whatever its status, its body not yet read; `SourceError` when there is none.

        ``read_seconds`` is how long it may say nothing: more for one that thinks before it answers.
        """
        asked = {"params": params, "timeout": (CONNECT_SECONDS, read_seconds)}
        return self._request("GET", url, headers or {}, asked)

    def ask(self, url: str, sent: object = None) -> tuple[int, Any]:
        """The status and the JSON of a service that answers questions; one that is ``sent`` is posted as JSON.

        Asked as patiently as any: what is sent may be sent again. `SourceError` where something else than JSON comes.
        """
        response, body = self._read(url, {"json": sent}, "GET" if sent is None else "POST")
        try:
            return response.status_code, json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _not_json(url, response) from error

    def _request(self, method: str, url: str, headers: Mapping[str, str], asked: Mapping[str, Any]) -> Response:
        host = str(urlsplit(url).hostname)
        with self._turn(host) as turn:
            self._check_may_ask(url)
            tired = time.monotonic() < turn.out_of_breath_until  # it has just failed every try: one must do
            turn.out_of_breath_until = time.monotonic() + _REST_SECONDS
            try:
                response = self._session("once" if tired else "patient").request(
                    method,
                    self.address(url),
                    headers={"User-Agent": self._manners(host).user_agent, **headers},
                    stream=True,
                    **{"timeout": (CONNECT_SECONDS, READ_SECONDS), **asked},
                )
            except requests.RequestException as error:
                raise SourceError(self._no_answer(url, error)) from error
            if response.status_code not in _WORTH_RETRYING:
                turn.out_of_breath_until = 0.0
            return response

    def wait(self, attempt: int) -> None:
        """Pause before the next attempt, longer after each."""
        self._stopped.wait(self.pause_seconds * 2 ** (attempt - 1))

    def json(self, url: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object a publisher answers with; `SourceError` on any other status or content."""
        response, body = self._read(url, {"params": params})
        if response.status_code != HTTPStatus.OK:
            raise SourceError(
                f"{shown(url)} answered {response.status_code}, expected 200. {_advice_on_index(response.status_code)}"
            )
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _not_json(url, response) from error
        if not isinstance(answer, dict):
            raise SourceError(f"{shown(url)} answered with JSON that is no object. The publisher changed its service.")
        return answer

    def page(self, url: str) -> str:
        """The text of a web page; `SourceError` on any other status."""
        response, body = self._read(url, {})
        if response.status_code != HTTPStatus.OK:
            raise SourceError(
                f"{shown(url)} answered {response.status_code}, expected a page. "
                + _advice_on_index(response.status_code)
            )
        return body.decode("utf-8", errors="replace")

    def download(
        self,
        url: str,
        to: Path,
        headers: Mapping[str, str] | None = None,
        progress: Progress = quiet,
        read_seconds: float = READ_SECONDS,
    ) -> Response:
        """Write the publisher's bytes to a file, and return the answer: its status and validators.

        Only a 200, or a 206 that goes on where an earlier try broke off, writes the file. A body that breaks off is
        asked for again, from where it stopped if the publisher's validators allow: then what came stays in ``to``
        until a later call, with a note of them beside it (`unfinished`). Else nothing is left.
        """
        tries = 0
        watched = _unless_stopped(progress, self._stopped)
        with self._turn(str(urlsplit(url).hostname)):
            while True:
                before = _size(to) if unfinished(to) else 0
                with self.get(url, None, {**(headers or {}), **_going_on(url, to)}, read_seconds) as response:
                    if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                        _forget(to)
                        continue
                    if response.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                        return response
                    error = _attempt(response, url, to, watched)
                if error is None:
                    return response
                got_on = unfinished(to) and _size(to) - before >= _WORTH_ANOTHER_TRY_BYTES
                tries += 0 if got_on else 1
                if tries >= TRIES or isinstance(error, HjpError) or _disk_is_full(error):
                    raise _given_up(url, to, error) from error
                self.wait(max(tries, 1))

    def _read(self, url: str, asked: Mapping[str, Any], method: str = "GET") -> tuple[Response, bytes]:
        """An answer with its whole body; one that breaks off is asked for again, up to `TRIES` times."""
        for attempt in range(1, TRIES + 1):
            with self._turn(str(urlsplit(url).hostname)), self._request(method, url, {}, asked) as response:
                try:
                    return response, _bounded(response, url)
                except requests.RequestException as error:
                    if attempt == TRIES:
                        raise SourceError(
                            f"{shown(url)} broke off while being read: {_short(error)}. Try again later."
                        ) from error
            self.wait(attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def _turn(self, host: str) -> Iterator[_Turn]:
        """One at a time at each host; inside, the next request waits until the pause is over."""
        turn = self._turns.setdefault(host, _Turn())
        with turn.lock:
            self._stopped.wait(max(0.0, turn.not_before - time.monotonic()))
            try:
                yield turn
            finally:
                pause = 0.0 if self.mirror else self._manners(host).pause_seconds
                turn.not_before = time.monotonic() + pause

    def _manners(self, host: str) -> Manners:
        return self.manners.get(host) or manners_of(host)

    def _session(self, patience: Literal["patient", "once"]) -> requests.Session:
        """The session of this thread: requests does not promise that one can be shared."""
        found: requests.Session | None = getattr(self._sessions, patience, None)
        if found is None:
            found = requests.Session()
            setattr(self._sessions, patience, found)
            retry = _Retry(
                total=TRIES - 1 if patience == "patient" else 0,
                backoff_factor=self.pause_seconds,
                backoff_jitter=self.pause_seconds,
                status_forcelist=_WORTH_RETRYING,
                allowed_methods=("GET", "POST"),  # what is posted is a question
                raise_on_status=False,
            )
            for scheme in ("https://", "http://"):
                found.mount(scheme, HTTPAdapter(max_retries=retry))
            found.mount(_FOLDER_SCHEME, _FolderAdapter(Path(self.mirror or ".")))
        return found

    def _check_may_ask(self, url: str) -> None:
        if self._stopped.is_set():
            raise SourceError("Stopped. What was fetched before is still in use.")
        if self.is_offline:
            raise SourceError(f"{shown(url)} was not asked for: the network is not used (--offline).")

    def _no_answer(self, url: str, error: Exception) -> str:
        where = f"{urlsplit(url).hostname}" + (f" (through the mirror {self.mirror})" if self.mirror else "")
        return (
            f"No answer from {where}: {_short(error)}. Check the connection"
            + (" and HJP_GEO_MIRROR" if self.mirror else "")
            + "; what was fetched before is still in use."
        )


# --- files that arrive, and go on where they broke off ---------------------------------------------------------------


def unfinished(to: Path) -> bool:
    """Whether a file is the beginning of a transfer that can go on."""
    return to.is_file() and _note_of(to).is_file()


def _note_of(to: Path) -> Path:
    return to.with_name(f"{to.name}.unfinished.json")


def _going_on(url: str, to: Path) -> dict[str, str]:
    """The headers that ask for the rest of what came, and for the whole where it has changed since."""
    whole = {"Accept-Encoding": "identity"}  # so that lengths and ranges are those of the file
    if not unfinished(to):
        return whole
    try:
        note = json.loads(_note_of(to).read_text("utf-8"))
        validator = note["validator"] if note["url"] == url and _size(to) else ""
    except (ValueError, KeyError, TypeError):
        validator = ""
    if not validator:
        _forget(to)
        return whole
    return {**whole, "Range": f"bytes={_size(to)}-", "If-Range": str(validator)}


def _attempt(response: Response, url: str, to: Path, progress: Progress) -> Exception | None:
    """Write what comes; what broke it off, if anything did. A beginning stays only where a validator vouches for it."""
    try:
        start = _start(response, to)
        if start == 0:
            _forget(to)
            if (validator := _validator(response)) is not None:
                _note_of(to).write_text(json.dumps({"url": url, "validator": validator}), "utf-8")
        _write_whole(response, to, start, progress)
    except (requests.RequestException, EOFError, OSError) as error:
        if not unfinished(to) or _disk_is_full(error):
            _forget(to)
        return error
    _note_of(to).unlink(missing_ok=True)
    return None


def _start(response: Response, to: Path) -> int:
    """Where in the file this answer begins."""
    if response.status_code != HTTPStatus.PARTIAL_CONTENT:
        return 0
    said = response.headers.get("Content-Range", "")
    if not said.startswith(f"bytes {_size(to)}-"):
        _forget(to)
        raise EOFError(f"another part came than was asked for ({said or 'not said which'})")
    return _size(to)


def _validator(response: Response) -> str | None:
    """What vouches that a later part is of the same file: a strong ETag, or the date."""
    if "Content-Encoding" in response.headers or response.headers.get("Accept-Ranges") == "none":
        return None
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _write_whole(response: Response, to: Path, start: int, progress: Progress) -> None:
    announced = response.headers.get("Content-Length")
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    total = start + int(announced) if announced and not encoded else None
    done = start
    with to.open("ab" if start else "wb") as file:
        for chunk in response.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            done += len(chunk)
            progress(done, total, "bytes")
            if done > MOST_FILE_BYTES:
                _note_of(to).unlink(missing_ok=True)
                raise SourceError(f"over {MOST_FILE_BYTES:,} bytes came. Not the file expected")
    if total is not None and done != total:
        raise EOFError(f"{done:,} bytes came, {total:,} were announced")


def _unless_stopped(progress: Progress, stopped: threading.Event) -> Progress:
    def report(done: int, total: int | None, unit: str) -> None:
        if stopped.is_set():
            raise SourceError("stopped by the user")
        progress(done, total, unit)

    return report


def _given_up(url: str, to: Path, error: Exception) -> HjpError:
    if _disk_is_full(error):
        return PlanError(
            f"{shown(url)} could not be kept: the disk is full ({_short(error)}). Free some space, or give another "
            "cache folder; what was fetched before is still in use."
        )
    kept = f" What came ({_size(to):,} bytes) is kept: the next fetch goes on from there." if unfinished(to) else ""
    return SourceError(f"{shown(url)} broke off while being read: {_short(error)}. Try again later.{kept}")


def _forget(to: Path) -> None:
    for path in (_note_of(to), to):  # the note first: without it the rest is nothing
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _disk_is_full(error: Exception) -> bool:
    return getattr(error, "errno", None) in _DISK_FULL


# --- answers ---------------------------------------------------------------------------------------------------------


class _Retry(Retry):
    """Retries that obey ``Retry-After``, but not for hours."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_WAIT_SECONDS)


def _bounded(response: Response, url: str) -> bytes:
    parts, size = [], 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        size += len(chunk)
        if size > MOST_INDEX_BYTES:
            raise SourceError(f"{shown(url)} answered with over {MOST_INDEX_BYTES:,} bytes. Not the answer expected.")
        parts.append(chunk)
    return b"".join(parts)


def _advice_on_index(status: int) -> str:
    return {
        403: "The publisher refuses programs. Try from another network, or take the data from a machine that has them "
        "(docs/run-offline.md).",
        404: "The page has moved. A newer hjp-geo may know where to.",
        410: "The publisher has withdrawn the page. A newer hjp-geo may know what took its place.",
    }.get(status, "Try again later.")


def _short(error: BaseException) -> str:
    """What went wrong on the wire, in a few words: the innermost cause says it best."""
    while inside := [one for one in (*error.args, getattr(error, "reason", None)) if isinstance(one, BaseException)]:
        error = inside[-1]
    if isinstance(error, IncompleteRead):
        return f"the connection ended {error.expected:,} bytes early"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = (str(error).splitlines() or [""])[0]
    return text.rsplit(": ", 1)[-1].strip("()'\" ")[:160].rstrip(".") or type(error).__name__


def _not_json(url: str, response: Response) -> SourceError:
    kind = _kind(response)
    came = f"{kind} that cannot be read: damaged, or cut short" if "json" in kind else f"{kind}, expected JSON"
    page = "" if "json" in kind else ": a challenge or error page"
    status = "" if response.status_code == HTTPStatus.OK else f"{response.status_code} "
    return SourceError(f"{shown(url)} answered {status}with {came}{page}. Try again later.")


def _kind(response: Response) -> str:
    return response.headers.get("Content-Type", "no content type").split(";")[0]


class _FolderAdapter(BaseAdapter):
    """Answers requests from a folder laid out as HOST/PATH, so that files take the same code path as servers."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root.resolve()

    def send(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Response:
        parts = urlsplit(str(request.url))
        path = (self._root / str(parts.hostname) / unquote(parts.path).lstrip("/")).resolve()
        if parse_qs(parts.query).get("returnCountOnly") == ["true"]:
            path = path.with_name(path.name + ".count.json")
        elif 0 < len(parts.query) < _LONGEST_NAME:
            own = path.with_name(f"{path.name}@{parts.query.replace('/', '_')}")
            path = own if own.is_file() else path
        if path.is_dir():
            path = path / "index.json"
        response = Response()
        response.request, response.url = request, str(request.url)
        inside = path.is_relative_to(self._root) and path.is_file()
        response.status_code = 200 if inside else 404
        body = path.read_bytes() if inside else b""
        response.raw = io.BytesIO(body)
        response.headers["Content-Length"] = str(len(body))
        response.headers["Content-Type"] = "application/json" if body[:1] in b"{[" else "application/octet-stream"
        return response

    def close(self) -> None:
        """Nothing is held open."""
