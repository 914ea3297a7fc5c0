"""How fast ours is beside what people use instead, measured side by side in one run.

    python benchmarks/speed --data-dir DIR

DIR holds a ``load.py`` with ``load("letter")`` and ``load_cifar10(part, per_class)``; without it,
scikit-learn's own data is used, and what needs other data is left out. The results are printed,
and written to ``docs/speed_results.md``.
"""

import dataclasses
import importlib
import json
import logging
import os
import subprocess
import sys
import time
import warnings

from command_line import PAGE, SECTIONS, describe, parse_arguments

# Hints about the machine, and not of use here. Read when TensorFlow is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def run_section(name, settings):
    import keras
    from report import Section
    from workloads import DataMissing

    # Once, and not before every fit: TensorFlow then forgets all functions that it has compiled,
    # which costs whoever uses one again.
    keras.utils.set_random_seed(0)
    module, function = SECTIONS[name].split(":")
    try:
        return getattr(importlib.import_module(f"sections.{module}"), function)(settings)
    except DataMissing:
        return Section(f"Not measured: {name}", "Its data need `--data-dir`.")


def start_torch():
    from torch_peer import Worker

    try:
        return Worker()
    except subprocess.CalledProcessError as error:
        print(f"Ensemble-PyTorch is left out: {error}", file=sys.stderr)
        return None


def main():
    arguments = parse_arguments(__doc__)
    # The budgets are for timing, and every network is traced.
    warnings.filterwarnings("ignore", message="Cycle")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)

    import machine
    from report import INTRODUCTION, Table
    from sections.arithmetic import summary
    from settings import Settings

    worker = None if arguments.no_torch else start_torch()
    settings = Settings(
        rounds=1 if arguments.quick else arguments.rounds,
        quick=arguments.quick,
        data_dir=arguments.data_dir,
        torch=worker,
        limit=arguments.limit,
    )
    start = time.perf_counter()
    facts = machine.describe(worker and worker("versions"))
    table = Table("", ["", ""], [[f"**{key}**", value] for key, value in facts.items()])
    parts = [INTRODUCTION.format(command=describe(arguments)), table.markdown()]
    print("\n\n".join(parts), flush=True)

    sections = {}
    for name in arguments.only or SECTIONS:
        sections[name] = run_section(name, settings)
        parts.append(sections[name].markdown())
        print(f"\n{parts[-1]}", flush=True)
    works = [work for section in sections.values() for work in section.works]
    if works:
        sections["arithmetic"] = summary(works)
        parts.append(sections["arithmetic"].markdown())
        print(f"\n{parts[-1]}", flush=True)
    if worker:
        worker.close()
    print(f"\n{(time.perf_counter() - start) / 60:.1f} minutes")

    is_full = not (arguments.only or arguments.quick)
    output = arguments.output or (PAGE if is_full else None)
    if output:
        output.write_text("\n\n".join(part.strip() for part in parts) + "\n")
    if arguments.json:
        results = {name: dataclasses.asdict(section) for name, section in sections.items()}
        text = json.dumps({"machine": facts, "sections": results}, indent=1, ensure_ascii=False)
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
