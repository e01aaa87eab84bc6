// The peer of the search benchmark: a full MiniSearch index of the documents on standard input, written as JSON.

const MiniSearch = require("minisearch");
const OPTIONS = require("./minisearch_options.json");

const documents = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const index = new MiniSearch(OPTIONS);
index.addAll(documents);
process.stdout.write(JSON.stringify(index));
