"""The Kiên Giang open-data portal: a folder of data packages becomes one release.

Each stage has a folder; `build` runs them in order, `server` serves what they made. The flow, in the order in which the
modules take part::

    datapackages/**/datapackage.json                 metadata.yml      site/
            |
    descriptor   reads descriptors into frozen models (package), the only reader of them
            |
    table        reads the cells of a resource, typed by frictionless
            |
    check        conformance (frictionless) + rules (ours) -> findings; a blocker stops here
            |
            +--> database        opendata.db         (part: sql_column, long_table, full_text; own_tables)
            +--> api_metadata    datasette.json
            +--> api_pages       datasette-templates/
            +--> answer_files    answers/            (asks the API for what most people ask)
            +--> distribution    site/data/<dataset>/    (column -> csv_file, excel_file, static_json, parquet_file)
            +--> collection      site/data/             (whole catalogue; catalog.json, latest)
            +--> site            site/               (page, chart, wording -> templates/)
            +--> developer_files site/developers/    (openapi -> api_reference), llms.txt
            +--> standards       site/catalog.*, site/data/<dataset>/    (dcat, provenance_graph, csvw, croissant …)
            |
    release      manifest.json, then one atomic switch of build/current
            |
    server       live_release follows the switch, static_site at /, api_gate (Datasette) under /datasette/;
                 query_lane: costly queries run in a process of their own

Data goes one way. Models and rules are pure; files are touched by ``descriptor``, ``table``, ``database``,
``api_pages``, ``distribution``, ``standards``, ``site`` and ``release`` only, and only commands in ``scripts/`` print.
"""
