"""Commands that write what is passed on, from pages to Word and PowerPoint."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analysis.cli.completion import known_clients
from analysis.cli.ends import speaking_command, told_in_one_line
from analysis.cli.group import main
from analysis.cli.voice import LANGUAGES, Voice


@main.command()
@speaking_command
def portfolio(voice: Voice) -> None:
    """Write the page that shows all clients side by side."""
    from analysis import report
    from analysis.files import project_root

    with told_in_one_line(voice):
        voice.say("portfolio.written", path=report.portfolio(project_root()))


@main.command()
@click.argument("client", shell_complete=known_clients)
@speaking_command
def pdf(voice: Voice, client: str) -> None:
    """Print the pages of CLIENT's latest run as PDF.

    By the machine's Chromium.
    """
    from analysis import report
    from analysis.pipeline import client_status

    with told_in_one_line(voice, client):
        latest = client_status(client).latest
        if latest is None:
            voice.say("status.no_latest", err=True)
            sys.exit(1)
        printed = report.print_pages(latest)
        voice.say("pdf.printed", n=len(printed), path=latest)


def _formats(context: click.Context, option: click.Parameter, given: str) -> tuple[str, ...]:
    """Read ``docx,pptx``; what is no format is named."""
    from analysis.office import FORMATS

    chosen = tuple(dict.fromkeys(part.strip() for part in given.split(",") if part.strip()))
    if not chosen or not set(chosen) <= set(FORMATS):
        raise click.BadParameter(f"{given!r}; some of {','.join(FORMATS)}", context, option)
    return chosen


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.option("--to", "formats", default="docx,pptx", show_default=True, callback=_formats,
              metavar="FORMATS", help="Some of docx,pptx,pdf,picture.")  # fmt: skip
@click.option("--language", type=click.Choice(list(LANGUAGES)), help="Default: both.")
@speaking_command
def export(voice: Voice, client: str, formats: tuple[str, ...], language: str | None) -> None:
    """Write CLIENT's latest run as documents and slides.

    docx: the effect, value, proposals and finance reports, as Word documents. pptx: one deck with
    a finding a slide. pdf: the brief on a sheet. picture: the brief as one long picture. The
    client's own templates are used where its client file names them under report.
    """
    from analysis import client as clients
    from analysis import office
    from analysis.pipeline import client_status

    with told_in_one_line(voice, client):
        latest = client_status(client).latest
        if latest is None:
            voice.say("export.run_first", err=True, client=client)
            sys.exit(1)
        opened = clients.load(client)
        templates = office.Templates(opened.template("docx"), opened.template("pptx"))
        languages = (LANGUAGES[language],) if language else tuple(LANGUAGES.values())
        made = office.export(latest, formats, languages, templates)
        for left in made.left:
            title = voice.text(f"office.title.{left.name}")
            stages = [voice.text(f"terms.stage.{stage}") for stage in left.stages]
            voice.say("export.left", err=True, title=title, stages=stages, client=client,
                      stage=left.stages[-1])  # fmt: skip
        for path in made.files:
            click.echo(path)
        if not made.files:
            sys.exit(1)
        voice.say("export.written", n=len(made.files))


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The archive; default: CLIENT.zip in the working folder.")  # fmt: skip
@speaking_command
def share(voice: Voice, client: str, target: Path | None) -> None:
    """Pack what of CLIENT may be passed on.

    Pages, tables and PDFs of the latest run in one archive; never people's rows, exports, notebooks
    or sheets of decisions. Refused where one of them shows what looks like a direct identifier.
    """
    from analysis import report
    from analysis.pipeline import client_status

    with told_in_one_line(voice, client):
        latest = client_status(client).latest
        if latest is None:
            voice.say("status.no_latest", err=True)
            sys.exit(1)
        made = report.share(latest, (target or Path(f"{client}.zip")).absolute())
        voice.say("share.written", path=made.path, n=len(made.files))


@main.command()
@click.argument("client", shell_complete=known_clients)
@speaking_command
def forms(voice: Voice, client: str) -> None:
    """Draft the law's forms, blank logs and questionnaires to fill in.

    Impact assessment, log of incidents and record of access by third parties of CLIENT; behaviour
    change log, coaching log and monthly table of satisfaction. Word documents in both languages,
    the logs as workbooks too. Each questionnaire that the client file declares is written as a
    form to print and as a text that survey platforms import. Those that are there already are kept.
    """
    from analysis import client as clients
    from analysis import report
    from analysis.files import project_root

    with told_in_one_line(voice, client):
        folder = project_root() / "reports" / client / report.FORMS_FOLDER
        opened = clients.load(client)
        written = report.write_forms(opened, folder)
        voice.say("forms.written" if written else "forms.kept", n=len(written), path=folder)
        if written and opened.instruments:
            voice.say("forms.platforms", client=client)
            if items := report.unworded(opened):
                voice.say("forms.unworded", items=", ".join(items))
