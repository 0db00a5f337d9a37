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
from sim.app.session import MOST_BYTES, MOST_HANDS, State, save_text, saved, within
from sim.app.strategy_draft import file_of, opened
from sim.app.web.html import put, text
from sim.app.web.results_panel import FIGURES
from sim.errors import InputError, ModelError, RunError, ScenarioError
from sim.experiment.results import Incomplete
from sim.scenario.loading import decoded

if TYPE_CHECKING:
    from sim.app.web.session_view import Desk

WRONG = (ScenarioError, InputError, RunError, Incomplete, ModelError, OSError)
Do = Callable[[], Awaitable[str]]
Event = TypeVar("Event")
REPLICATIONS = 2_000  # of a results folder or script, where nothing else is asked for
MOST = 1_000_000


async def agrees(question: str, yes: str) -> bool:
    """Does the person want something done that loses something?"""
    with ui.dialog(value=True) as dialog, ui.element("div").classes("dialog"):
        dialog.props["aria-label"] = question
        text("p", question)
        with ui.element("div").classes("buttons"):
            ui.button(yes, on_click=lambda: dialog.submit(True)).props("outline no-caps")
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat autofocus")
    agreed = await dialog is True
    dialog.delete()
    return agreed


async def may_go(desk: Desk) -> bool:
    """May another table take the place of this one? Asked where it has changes that are lost."""
    if not desk.is_changed:
        return True
    return await agrees(
        "The table has changed since it was opened or saved. Replace it, and lose the changes?",
        "Replace the table",
    )


class Shelf:
    """The buttons of the head, and what they open."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
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
            text("p", f"Into the folder {self.desk.room.folder}. The address of this page is a "
                 "link to the table too.", "note")  # fmt: skip
            name = ui.input("Name", value="table").props("autofocus")
            said = text("p", "", "said")
            said.props["role"] = "status"
            with ui.element("div").classes("buttons"):
                self._does("Save the table", said, lambda: self._save_table(str(name.value)))
                self._does("Save the strategies", said, lambda: self._save_hands(str(name.value)))
                ui.button("Close", on_click=dialog.close).props("flat no-caps")

    def _opening(self) -> None:
        with self._dialog("Open") as dialog:
            said = text("p", "", "said")
            said.props["role"] = "alert"
            names = saved(self.desk.room.folder)
            if names:
                name = ui.select(names, label="A table in the folder", value=names[0])
                self._does("Open", said, lambda: self._open_table(str(name.value), dialog))
            else:
                text("p", f"No table is saved in {self.desk.room.folder} yet.", "note")
            text("p", "Or a file: a table (.json), or strategies (.toml), which are added.", "note")
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
                self._does("Strategies (TOML)", said, self._take_hands)
                self._does("The whole table (JSON)", said, self._take_state)
            text("h3", "The run")
            n = ui.number("Histories of each strategy", value=REPLICATIONS, min=1, max=MOST,
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
                told = await do()
            except WRONG as error:
                told = str(error)
            if not button.is_deleted:
                put(said, told)
                button.enable()

        button = ui.button(label, on_click=pressed).props("outline dense no-caps")
        button.props["aria-label"] = aria or label

    @property
    def _state(self) -> State:
        """What is on the table; refused where its scenario has faults, so that nothing is."""
        if self.desk.scenario is None:
            raise InputError("nothing is on the table; allowed: after a scenario is read")
        return self.desk.state

    async def _save_table(self, name: str) -> str:
        state, folder = self._state, self.desk.room.folder
        if not await self._may_write(name, "json"):
            return "not saved"
        said = f"saved: {state.save(folder, name)}"
        self.desk.kept = state
        return said

    async def _save_hands(self, name: str) -> str:
        content = self._hands()
        if not await self._may_write(name, "toml"):
            return "not saved"
        return f"saved: {save_text(self.desk.room.folder, name, 'toml', content)}"

    async def _may_write(self, name: str, ending: str) -> bool:
        """May a file be written? Asked where there is one of this name."""
        path = within(self.desk.room.folder, name, f".{ending}")
        if not path.exists():
            return True
        return await agrees(f"{path.name} exists already. Replace it?", "Replace the file")

    async def _open_table(self, name: str, dialog: ui.dialog) -> str:
        await self._lay(State.open(self.desk.room.folder, name), dialog)
        return ""

    async def _lay(self, state: State, dialog: ui.dialog) -> None:
        """Put an opened table in the place of this one, once that may go."""
        self.desk.table(state)  # what does not fit is said before anything is asked
        if await may_go(self.desk):
            self.desk.lay(state)
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
        scenario = self.desk.room.library.scenario(state.scenario)
        hands = opened(scenario, content, [hand.key for hand in state.hands])
        if len(state.hands) + len(hands) > MOST_HANDS:
            found = f"{len(hands)} strategies beside {len(state.hands)} on the table"
            raise InputError(f"{name}: found {found}; allowed: {MOST_HANDS} together")
        self.desk.table(replace(state, hands=(*state.hands, *hands)))  # all fit
        self.desk.cards.append(hands)
        dialog.close()

    async def _take_figure(self, name: str, ending: str) -> str:
        answer = self.desk.answer
        if answer is None or getattr(answer, name) is None:
            return "This figure is not drawn yet."
        draw = FIGURES[name][1]
        content = await asyncio.to_thread(export.figure, lambda: draw(answer), ending)
        ui.download.content(content, f"{name}.{ending}")
        return ""

    async def _take_csv(self) -> str:
        if self.desk.answer is None or self.desk.answer.summary is None:
            return "There are no numbers yet."
        ui.download.content(export.csv(self.desk.answer).encode(), "table.csv")
        return ""

    async def _take_hands(self) -> str:
        ui.download.content(self._hands().encode(), "strategies.toml")
        return ""

    async def _take_state(self) -> str:
        ui.download.content(self._state.to_text().encode(), "table.json")
        return ""

    async def _take_script(self, replications: int) -> str:
        library = self.desk.room.library
        script = export.script(self._state, replications, library=library)
        ui.download.content(script.encode(), "table.py")
        return ""

    async def _take_run(self, name: str, replications: int) -> str:
        out = within(self.desk.room.folder, name)
        state = self._state
        library = self.desk.room.library
        await asyncio.to_thread(export.folder, state, replications, out, library)
        return f"written: {out}"

    def _hands(self) -> str:
        return file_of(self._state.hands, self._state.numbers)


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
    """Histories of each strategy that are asked for."""
    if asked is None or not 1 <= asked <= MOST:
        raise InputError(f"histories: found {asked or 0:g}; allowed: 1 to {MOST:,}")
    return int(asked)
