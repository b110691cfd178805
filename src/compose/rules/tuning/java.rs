//! What Java virtual machines are told of their heap.

use super::lines::{self, Given};
use super::size;
use crate::compose::node::Node;
use crate::compose::view::Service;

/// The options of one virtual machine: one variable's, or the command's.
#[derive(Debug, Default)]
pub(super) struct Options<'m> {
    /// `-Xmx`, in bytes; of several the last counts, for Java too.
    pub(super) max: Option<(Given<'m>, u64)>,
    /// `-Xms`.
    pub(super) min: Option<(Given<'m>, u64)>,
    /// `-XX:MaxRAMPercentage`; means nothing beside `-Xmx`.
    pub(super) percent: Option<(Given<'m>, f64)>,
    /// Something is said of the heap, readable or not.
    pub(super) is_given: bool,
    /// `-XX:MaxRAM`: percentages are of that.
    has_ram: bool,
}

/// All that a service says, a virtual machine each as far as that can be told.
pub(super) fn options<'m>(service: &Service<'m>) -> Vec<Options<'m>> {
    let mut all = Vec::new();
    for variable in service.environment() {
        let Some(value) = variable.value.filter(|_| holds_options(variable.name)) else { continue };
        let mut options = Options::default();
        lines::split(value).for_each(|word| options.read(word, variable.node));
        all.push(options);
    }
    let mut options = Options::default();
    for token in lines::tokens(service) {
        // `JAVA_OPTS="-Xmx1g` in a script.
        let at = token.text.find("=-X").map_or(0, |at| at + 1);
        let at = token.text.find("=\"-X").map_or(at, |at| at + 2);
        options.read(&token.text[at..], token.node);
    }
    all.push(options);
    all.retain(|options| options.is_given);
    all
}

/// `KAFKA_HEAP_OPTS`, `JAVA_TOOL_OPTIONS`, `SERVER_JVMFLAGS`, `SOLR_JAVA_MEM`. With small letters it is a property that
/// an entrypoint writes into a file, such as `MAPRED_CONF_mapreduce_map_java_opts`: of jobs that may run elsewhere.
fn holds_options(name: &str) -> bool {
    if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return false;
    }
    ["OPTS", "OPTIONS", "FLAGS", "JAVA", "JVM", "HEAP", "ARGS"]
        .iter()
        .any(|part| name.contains(part))
}

impl<'m> Options<'m> {
    fn read(&mut self, word: &'m str, node: &'m Node) {
        let given = |value| Given { written: word.to_owned(), value, node };
        let after = |names: [&str; 2]| names.iter().find_map(|name| word.strip_prefix(name));
        if let Some(value) = after(["-Xmx", "-XX:MaxHeapSize="]) {
            self.is_given = true;
            self.max = size::java(value).map(|bytes| (given(value), bytes));
        } else if let Some(value) = after(["-Xms", "-XX:InitialHeapSize="]) {
            self.is_given = true;
            self.min = size::java(value).map(|bytes| (given(value), bytes));
        } else if let Some(value) = after(["-XX:MaxRAMPercentage=", "-XX:MaxRAMFraction="]) {
            self.is_given = true;
            let percent = value.parse().ok().filter(|_| word.contains("Percentage"));
            self.percent = percent.map(|percent| (given(value), percent));
        } else if word.starts_with("-XX:MaxRAM=") {
            self.has_ram = true;
        }
        if self.has_ram || self.max.is_some() {
            self.percent = None;
        }
    }
}
