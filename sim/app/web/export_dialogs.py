"""What is saved, opened and taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakMethod

from nicegui import ui
from nicegui.events import UiEventArguments, UploadEventArguments

from sim.app import export
from sim.app.session import MOST_BYTES, MOST_DRAFTS, State, save_text, saved, within
from sim.app.strategy_draft import file_of, opened
from sim.app.web.html import put, text
from sim.app.web.results_panel import FIGURES
from sim.errors import InputError, ModelError, RunError, ScenarioError
from sim.experiment.results import Incomplete
from sim.scenario.loading import decoded

if TYPE_CHECKING:
    from sim.app.web.session_view import SessionView

WRONG = (ScenarioError, InputError, RunError, Incomplete, ModelError, OSError)
Do = Callable[[], Awaitable[str]]
Event = TypeVar("Event")
REPLICATIONS = 2_000  # of a results folder or script, where nothing else is asked for
MOST = 1_000_000


async def agrees(state: str, yes: str) -> bool:
    """Does the person want something done that loses something?"""
    with ui.dialog(value=True) as dialog, ui.element("div").classes("dialog"):
        dialog.props["aria-label"] = state
        text("p", state)
        with ui.element("div").classes("buttons"):
            ui.button(yes, on_click=lambda: dialog.submit(True)).props("outline no-caps")
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat autofocus")
    agreed = await dialog is True
    dialog.delete()
    return agreed


async def may_go(session: SessionView) -> bool:
    """May another workspace replace this one? Asked where changes would be lost."""
    if not session.is_changed:
        return True
    return await agrees(
        "The workspace has changed since it was opened or saved. Replace it, and lose the changes?",
        "Replace the workspace",
    )


class ExportDialogs:
    """The buttons of the head, and what they open."""

    def __init__(self, session: SessionView) -> None:
        self.session = session
        self.uploading: tuple[ui.element, ui.dialog]
        for label, icon, dialog in (
            ("Save", "save", self._saving),
            ("Open", "folder_open", self._opening),
            ("Take away", "download", self._taking),
        ):
            ui.button(label, icon=icon, on_click=dialog).props("flat dense no-caps")

    # -- dialogs ----------------------------------------------------------------------------------

    def _saving(self) -> None:
        with self._dialog("Save") as dialog:
            folder = self.session.settings.folder
            address = "The address of this page is a link to the workspace too."
            text("p", f"Into the folder {folder}. {address}", "note")
            name = ui.input("Name", value="workspace").props("autofocus")
            said = text("p", "", "said")
            said.props["role"] = "status"
            with ui.element("div").classes("buttons"):
                self._does(
                    "Save the workspace", said, lambda: self._save_workspace(str(name.value))
                )
                self._does(
                    "Save the strategies", said, lambda: self._save_strategies(str(name.value))
                )
                ui.button("Close", on_click=dialog.close).props("flat no-caps")

    def _opening(self) -> None:
        with self._dialog("Open") as dialog:
            said = text("p", "", "said")
            said.props["role"] = "alert"
            names = saved(self.session.settings.folder)
            if names:
                name = ui.select(names, label="A workspace in the folder", value=names[0])
                self._does("Open", said, lambda: self._open_workspace(str(name.value), dialog))
            else:
                text("p", f"No workspace is saved in {self.session.settings.folder} yet.", "note")
            text(
                "p",
                "Or a file: a workspace (.json), or strategies (.toml), which are added.",
                "note",
            )
            self.uploading = said, dialog
            upload = ui.upload(
                on_upload=_weak(self._uploaded), on_rejected=_weak(self._rejected),
                max_file_size=MOST_BYTES, auto_upload=True,
            ).props('accept=".json,.toml" flat bordered')  # fmt: skip
            with upload.add_slot("header"):
                _choosing(upload)
            ui.button("Close", on_click=dialog.close).props("flat no-caps")

    def _taking(self) -> None:
        with self._dialog("Take away") as dialog:
            said = text("p", "", "said")
            said.props["role"] = "status"
            text("h3", "Figures")
            for name, (title, _) in FIGURES.items():
                with ui.element("div").classes("line"):
                    text("span", title)
                    for ending in ("svg", "png"):
                        take = partial(self._take_figure, name, ending)
                        self._does(ending.upper(), said, take, f"{title}, {ending.upper()}")
            text("h3", "Numbers")
            with ui.element("div").classes("buttons"):
                self._does("Table (CSV)", said, self._take_csv)
                self._does("Strategies (TOML)", said, self._take_strategies)
                self._does("The whole workspace (JSON)", said, self._take_state)
            text("h3", "The run")
            n = ui.number("Replications of each strategy", value=REPLICATIONS, min=1, max=MOST,
                          step=1000, precision=0)  # fmt: skip
            folder = ui.input("Folder within the chosen one", value="run")
            with ui.element("div").classes("buttons"):
                self._does(
                    "Results folder",
                    said,
                    lambda: self._take_run(str(folder.value), _count(n.value)),
                )
                self._does("Python script", said, lambda: self._take_script(_count(n.value)))
                ui.button("Close", on_click=dialog.close).props("flat no-caps")

    # -- what they do -----------------------------------------------------------------------------

    @contextmanager
    def _dialog(self, title: str) -> Iterator[ui.dialog]:
        with ui.dialog(value=True) as dialog, ui.element("div").classes("dialog"):
            dialog.on("hide", dialog.delete)
            dialog.props["aria-label"] = title
            text("h2", title)
            yield dialog

    def _does(self, label: str, said: ui.element, do: Do, aria: str = "") -> None:
        """A button; what it did, or what is wrong, is said in its dialog."""

        async def pressed() -> None:
            button.disable()
            try:
                report = await do()
            except WRONG as error:
                report = str(error)
            if not button.is_deleted:
                put(said, report)
                button.enable()

        button = ui.button(label, on_click=pressed).props("outline dense no-caps")
        button.props["aria-label"] = aria or label

    @property
    def _state(self) -> State:
        """What is in the workspace; InputError where its scenario has issues, so that nothing
        is."""
        if self.session.scenario is None:
            raise InputError("nothing is in the workspace; allowed: after a scenario is read")
        return self.session.state

    async def _save_workspace(self, name: str) -> str:
        state, folder = self._state, self.session.settings.folder
        if not await self._may_write(name, "json"):
            return "not saved"
        said = f"saved: {state.save(folder, name)}"
        self.session.kept = state
        return said

    async def _save_strategies(self, name: str) -> str:
        content = self._strategy_file()
        if not await self._may_write(name, "toml"):
            return "not saved"
        return f"saved: {save_text(self.session.settings.folder, name, 'toml', content)}"

    async def _may_write(self, name: str, ending: str) -> bool:
        """May a file be written? Asked where there is one of this name."""
        path = within(self.session.settings.folder, name, f".{ending}")
        if not path.exists():
            return True
        return await agrees(f"{path.name} exists already. Replace it?", "Replace the file")

    async def _open_workspace(self, name: str, dialog: ui.dialog) -> str:
        await self._lay(State.open(self.session.settings.folder, name), dialog)
        return ""

    async def _lay(self, state: State, dialog: ui.dialog) -> None:
        """Put an opened workspace in the place of this one, once that may go."""
        self.session.workspace(state)  # what does not fit is said before anything is asked
        if await may_go(self.session):
            self.session.replace_state(state)
            dialog.close()

    async def _rejected(self, _: UiEventArguments) -> None:
        put(self.uploading[0], f"allowed: .json, .toml, up to {MOST_BYTES:,} bytes")

    async def _uploaded(self, event: UploadEventArguments) -> None:
        said, dialog = self.uploading
        try:
            await self._read(event.file.name, decoded(await event.file.read()), dialog)
        except UnicodeDecodeError:
            put(said, f"{event.file.name}: not a text; allowed: .json or .toml")
        except WRONG as error:
            put(said, str(error))

    async def _read(self, name: str, content: str, dialog: ui.dialog) -> None:
        if name.endswith(".json"):
            await self._lay(State.from_text(content, name), dialog)
            return
        state = self._state
        scenario = self.session.settings.library.scenario(state.scenario)
        drafts = opened(scenario, content, [draft.key for draft in state.drafts])
        if len(state.drafts) + len(drafts) > MOST_DRAFTS:
            found = f"{len(drafts)} strategies beside {len(state.drafts)} in the workspace"
            raise InputError(f"{name}: found {found}; allowed: {MOST_DRAFTS} together")
        self.session.workspace(replace(state, drafts=(*state.drafts, *drafts)))  # all fit
        self.session.cards.append(drafts)
        dialog.close()

    async def _take_figure(self, name: str, ending: str) -> str:
        answer = self.session.answer
        if answer is None or getattr(answer, name) is None:
            return "This figure is not drawn yet."
        draw = FIGURES[name][1]
        content = await asyncio.to_thread(export.figure, lambda: draw(answer), ending)
        ui.download.content(content, f"{name}.{ending}")
        return ""

    async def _take_csv(self) -> str:
        if self.session.answer is None or self.session.answer.summary is None:
            return "There are no results yet."
        ui.download.content(export.csv(self.session.answer).encode(), "workspace.csv")
        return ""

    async def _take_strategies(self) -> str:
        ui.download.content(self._strategy_file().encode(), "strategies.toml")
        return ""

    async def _take_state(self) -> str:
        ui.download.content(self._state.to_text().encode(), "workspace.json")
        return ""

    async def _take_script(self, replications: int) -> str:
        library = self.session.settings.library
        script = export.script(self._state, replications, library=library)
        ui.download.content(script.encode(), "workspace.py")
        return ""

    async def _take_run(self, name: str, replications: int) -> str:
        out = within(self.session.settings.folder, name)
        state = self._state
        library = self.session.settings.library
        await asyncio.to_thread(export.folder, state, replications, out, library)
        return f"written: {out}"

    def _strategy_file(self) -> str:
        return file_of(self._state.drafts, self._state.numbers)


def _weak(method: Callable[[Event], Awaitable[None]]) -> Callable[[Event], Awaitable[None]]:
    """A method that does not keep its object.

    The web framework remembers the address of each upload, and so its handlers, for ever.
    """
    known = WeakMethod(method)

    async def handler(event: Event) -> None:
        if (found := known()) is not None:
            await found(event)

    return handler


def _choosing(upload: ui.upload) -> None:
    """The head of an upload: a button, for keys too, and the input behind it with a name."""
    label = "Choose a file"
    button = ui.button(label, icon="upload_file").props("flat no-caps")
    button.on("click", js_handler=f"() => runMethod({upload.id}, 'pickFiles', [])")
    with ui.element("label").props("hidden"):
        text("span", label)
        ui.element("q-uploader-add-trigger")


def _count(asked: float | None) -> int:
    """Replications of each strategy that are asked for."""
    if asked is None or not 1 <= asked <= MOST:
        raise InputError(f"replications: found {asked or 0:g}; allowed: 1 to {MOST:,}")
    return int(asked)
