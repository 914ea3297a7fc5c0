"""Run directories: a trained ensemble in files that can be read without pickles."""

from skensemble.persistence._atomic_files import (
    check_new_file,
    check_place,
    replace_files,
    to_json,
    write_json,
)
from skensemble.persistence._exported_files import check_export, export_ensemble
from skensemble.persistence._network_file import (
    absolute_builder_name,
    import_builder,
    is_user_builder,
    network_to_json,
)
from skensemble.persistence._run_description import describe_run
from skensemble.persistence._run_files import OWN_HOLDOUT, SavedHoldout
from skensemble.persistence._run_folder import Run, load_run
from skensemble.persistence._run_writer import RunWriter, save_run

__all__ = [
    "OWN_HOLDOUT",
    "Run",
    "RunWriter",
    "SavedHoldout",
    "absolute_builder_name",
    "check_export",
    "check_new_file",
    "check_place",
    "describe_run",
    "export_ensemble",
    "import_builder",
    "is_user_builder",
    "load_run",
    "network_to_json",
    "replace_files",
    "save_run",
    "to_json",
    "write_json",
]
