"""Find, from the Fleet screen: filter, grouping, bookmarks, views looked at before, one pane alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from textual import on
from textual.dom import DOMNode

from cockpit.config.language import N_, _
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.text import clean_line
from cockpit.fleet.bookmarks import BOOKMARK_KEYS, BookmarksError, Place
from cockpit.fleet.filtering import FilterError
from cockpit.fleet.grouping import GroupBy
from cockpit.ui.expansion import GROUP, HEALTH_SET, SERVER, Expansion
from cockpit.ui.look import Line
from cockpit.ui.messages import FilterTyped, KeyChosen
from cockpit.ui.screens.fleet_trace import FleetTrace
from cockpit.ui.trail import Sight, Trail
from cockpit.ui.view import Filter, FleetView
from cockpit.ui.widgets.panes import Pane
from cockpit.ui.widgets.rows import Key, RowsPane

if TYPE_CHECKING:  # not needed for the first paint
    from cockpit.fleet.completing import Completion
    from cockpit.ui.widgets.filterbox import FilterPane

_BOX: Final = "#filter-pane"
_PROMPT: Final = "#key-prompt"
BOOKMARK: Final = "bookmark"
JUMP: Final = "jump"
GROUPING: Final = "grouping"
GROUP_KEYS: Final = {"d": GroupBy.DAG, "s": GroupBy.SITE, "v": GroupBy.VERSION, "t": GroupBy.STATE}
"""What answers by what the servers are to be grouped."""
_GROUPED: Final = {
    GroupBy.DAG: "dag",
    GroupBy.SITE: N_("site"),
    GroupBy.VERSION: N_("version"),
    GroupBy.STATE: N_("state"),
}
_ALONE: Final = "-alone"
"""The class of the screen while one pane is alone on it."""
_KEPT: Final = "-kept"
"""The class of that pane and of what holds it."""


class FleetFinding(FleetTrace, inherit_bindings=False):
    """The actions behind ``/``, ``f``, ``b``, ``m`` and their kin."""

    expansion: Expansion
    filter: Filter
    by: GroupBy
    trail: Trail
    view: FleetView | None
    _hint = ""
    """What is to come in a text that is being typed."""
    _refused_text = ""
    """Why the text that is typed means nothing."""
    _typed_pending = False

    def redraw(self) -> None:
        raise NotImplementedError

    def draw_crumbs(self) -> None:
        raise NotImplementedError

    @property
    def _tree(self) -> RowsPane:
        return self.query_one("#tree", RowsPane)

    @property
    def _selection(self) -> Key:
        return self._tree.cursor_key or ("fleet",)

    # Views looked at

    def _leave(self) -> None:
        """Before another view: remember where the cursor is on this one."""
        self.trail = self.trail.left(self._selection)

    def _arrive(self) -> None:
        """Draw the view as it is now wanted, and remember it."""
        self.redraw()
        self.trail = self.trail.visit(
            Sight(self.filter.text, self.filter.faults_only, self.by, self._selection)
        )
        self.draw_crumbs()

    def _look_at(self, trail: Trail | None) -> None:
        if trail is None:
            return
        self._leave()
        sight = trail.here
        self.trail = Trail(self.trail.sights, trail.at, trail.before)
        self.filter, self.by = Filter(sight.text, sight.faults_only), sight.by
        self.redraw()
        self.select(sight.selection)

    def action_view_back(self) -> None:
        self._look_at(self.trail.back())

    def action_view_forward(self) -> None:
        self._look_at(self.trail.forward())

    def action_last_view(self) -> None:
        self._look_at(self.trail.last())

    # The filter

    async def action_filter(self) -> None:
        """Open the box, and be done only when it has the focus: the next key may have come already, and is
        not to be taken for a command."""
        if self._box is not None:
            self.set_focus(self._box.box)
            return
        from cockpit.ui.widgets.filterbox import FilterPane

        self._leave()
        registry = self.desk.registry
        bindings, key = registry.bindings("filter"), registry.key_of("filter.complete")
        made = FilterPane(self.filter.text, self._completion, bindings, key)
        made.tell(self._count())
        await self.mount(made, before="#keys")
        self.set_focus(made.box)

    @property
    def _box(self) -> FilterPane | None:
        """What the filter is typed into, while it is."""
        return cast("FilterPane | None", next(iter(self.query(_BOX)), None))

    def _completion(self, text: str, cursor: int) -> Completion:
        from cockpit.fleet.completing import complete

        return complete(text, cursor, self.desk.snapshot, self.desk.bookmarks)

    def _count(self) -> Line:
        if self.view is None:
            return ()
        return ((_("{shown} of {total}").format(shown=self.view.shown, total=self.view.total), "text-key"),)

    def _tell_found(self) -> None:
        """The count, and what is to come or why nothing can be found."""
        hint: Line = ((f"  {self._hint}", "text-label"),) if self._hint else ()
        if self._box is not None:
            self._box.tell((*self._count(), *hint), self._refused_text)

    @on(FilterTyped)
    def _filter_typed(self, event: FilterTyped) -> None:
        event.stop()
        text, self._hint, self._refused_text = clean_line(event.text), "", ""
        try:
            self.filter = Filter(text, self.filter.faults_only)
        except FilterError as error:
            if event.done or not error.unfinished:
                self._refused_text = error.sentence
            else:
                self.filter = Filter(text[: error.start], self.filter.faults_only)
                self._hint = f"{error.term} {error.why}"
        if event.done and not self._refused_text:
            self._close_filter()
            self._arrive()
        elif not self._typed_pending:
            self._typed_pending = True
            self.call_later(self._draw_typed)  # once for all that is typed in one go

    def _draw_typed(self) -> None:
        self._typed_pending = False
        if not self._refused_text:
            self.redraw()
        self._tell_found()

    def _close_filter(self) -> None:
        if self._box is not None:
            if self._box.box.has_focus:
                self._tree.focus()
            self._box.remove()

    def action_faults_only(self) -> None:
        self._leave()
        self.filter = Filter(self.filter.text, not self.filter.faults_only)
        self._arrive()

    def step_back(self) -> bool:
        """Take back the last of what stands in the way; whether there was any."""
        if self.query(_PROMPT):
            self._close_prompt()
        elif self._box is None and self.alone:
            self.action_maximise()
        elif self._box is not None or self.filter.active:
            self._leave()
            self._close_filter()
            self.filter = Filter()
            self._arrive()
        else:
            return False
        return True

    # Grouping

    def group_by(self, by: GroupBy) -> None:
        """Put the servers together by ``by``; cursor and open rows stay with their servers."""
        if by is self.by:
            self.say(_("The servers are put together by {group} already.").format(group=_(_GROUPED[by])))
            return
        self._leave()
        selection = self._selection
        self.by = by
        self._arrive()
        if selection[GROUP:] != self._selection[GROUP:]:  # its new group is closed
            self.select(selection)

    def action_group(self) -> None:
        self.group_by(self.by.next)

    async def action_group_by(self) -> None:
        names: Line = tuple(
            part
            for key, by in GROUP_KEYS.items()
            for part in ((f"  {key} ", "text-key"), (_(_GROUPED[by]), ""))
        )
        await self._ask_key(GROUPING, (((" " + _("Put the servers together by:"), "text-label"), *names),))

    # Bookmarks

    def place(self) -> Place | None:
        """The server or health set under the cursor."""
        key = self._selection
        return Place(key[2], key[3] if len(key) >= HEALTH_SET else "") if len(key) >= SERVER else None

    async def action_bookmark(self) -> None:
        place = self.place()
        if place is None:
            return
        asked = _("A letter or digit for {place}; one that it has takes it off:").format(place=place.title)
        await self._ask_key(BOOKMARK, (((f" {asked}", "text-label"), *self._bookmarks_line()),))

    async def action_go_to_bookmark(self) -> None:
        await self._ask_key(JUMP, (((" " + _("Go to:"), "text-label"), *self._bookmarks_line()),))

    def _bookmarks_line(self) -> Line:
        return tuple(
            part
            for key, place in self.desk.bookmarks.places.items()
            for part in ((f"  {key} ", "text-key"), (place.title, ""))
        )

    def _put_bookmark(self, key: str) -> None:
        place = self.place()
        if place is None:
            return
        if key not in BOOKMARK_KEYS:
            self.say(_("{key} is neither a letter nor a digit.").format(key=key), warning=True)
            return
        try:
            kept = self.desk.toggle_bookmark(key, place)
        except BookmarksError as error:
            self.say(str(error), warning=True)
            return
        self.redraw()
        if self._tree.size.area:
            return  # its row says so
        if key in kept.places:
            self.say(_("{key} is now {place}.").format(key=key, place=place.title))
        else:
            self.say(_("{key} is no bookmark any more.").format(key=key))

    def _jump(self, key: str) -> None:
        place = self.desk.bookmarks.places.get(key)
        if place is None:
            self.say(_("There is no bookmark {key}.").format(key=key), warning=True)
        else:
            self.go_to_server(place.server, place.health_set)

    def go_to_server(self, name: str, health_set: str = "") -> None:
        """Put the tree's cursor on a server, or on a health set of it, whatever hides it."""
        self._leave()
        key = self._key_of(name)
        if key is None and self.filter.active:
            self.filter = Filter()
            self.redraw()
            key = self._key_of(name)
        if key is None:
            self.say(_("{server} is not in the fleet's tree.").format(server=name), warning=True)
            return
        wanted = (*key, health_set) if health_set else key
        self.select(wanted)
        if self.filter.active and self._selection != self.moved(wanted):
            self.filter = Filter()
            self.redraw()
            self.select(wanted)
        self._tree.focus()
        self._arrive()

    def _key_of(self, name: str) -> Key | None:
        groups = self.view.groups if self.view is not None else ()
        return next(((*g.key, s.name) for g in groups for s in g.servers if same_server(s.name, name)), None)

    # Selection

    def moved(self, key: Key) -> Key:
        """Where what ``key`` is about stands under the groups of now."""
        server = self.view.servers.get(key[GROUP]) if self.view is not None and len(key) > GROUP else None
        return (*server.group, *key[GROUP:]) if server is not None else key

    def select(self, key: Key) -> None:
        """Put the tree's cursor on ``key``, opened so that it is there, or on its nearest living parent."""
        key = self.moved(key)
        for size in range(GROUP, min(len(key), HEALTH_SET + 1)):
            self.expansion.set(key[:size], True)
        self.redraw()
        there = {row.key for row in self._tree.rows}
        while key not in there and len(key) > 1:
            key = key[:-1]
        self._tree.go_to_key(key)

    # A question that one key answers

    async def _ask_key(self, kind: str, lines: tuple[Line, ...]) -> None:
        """Ask; the answer may have come already, as with the filter."""
        from cockpit.ui.widgets.keyprompt import KeyPrompt

        self._close_prompt()
        prompt = KeyPrompt(kind, lines)
        await self.mount(prompt, before="#keys")
        self.set_focus(prompt)

    def _close_prompt(self) -> None:
        for prompt in self.query(_PROMPT):
            if prompt.has_focus:
                self._tree.focus()
            prompt.remove()

    @on(KeyChosen)
    def _key_chosen(self, event: KeyChosen) -> None:
        event.stop()
        self._close_prompt()
        if not event.key:
            return
        if event.kind == BOOKMARK:
            self._put_bookmark(event.key)
        elif event.kind == JUMP:
            self._jump(event.key)
        else:
            by = GROUP_KEYS.get(event.key.lower())
            if by is None:
                self.say(_("There is no such grouping."), warning=True)
            else:
                self.group_by(by)

    # One pane alone

    @property
    def alone(self) -> bool:
        return self.has_class(_ALONE)

    def action_maximise(self) -> None:
        if self.alone:
            self._show_all()
        elif isinstance(self.focused, Pane) and self.focused.id is not None:
            self.add_class(_ALONE)
            self.follow_maximised(self.focused.id)
        self.redraw()

    def _show_all(self) -> None:
        self.remove_class(_ALONE)
        self.query(f".{_KEPT}").remove_class(_KEPT)

    def follow_maximised(self, name: str) -> None:
        """While one pane is alone on the screen: let it be the one called ``name``."""
        if not self.alone:
            return
        self.query(f".{_KEPT}").remove_class(_KEPT)
        node: DOMNode | None = self.query_one(f"#{name}", Pane)
        while node is not None and node is not self:
            node.add_class(_KEPT)
            node = node.parent
