//! Which stacks are meant.

use std::path::{Path, PathBuf};

use super::ComposeArgs;
use crate::compose::{Input, Request, discover};
use crate::core::context::Context;
use crate::core::error::Fault;

pub(super) fn requests(args: &ComposeArgs, ctx: &Context) -> Result<Vec<Request>, Fault> {
    let stacks = files(args, ctx)?;
    let request = |files: Vec<PathBuf>| Request {
        files: files.into_iter().map(input).collect(),
        project_name: args.project_name.clone(),
        folder: args.project_directory.clone(),
        env_files: args.env_file.clone(),
        profiles: args.profile.clone(),
        current: ctx.env.current_folder.clone(),
        shell: ctx.env.variables.clone(),
    };
    Ok(stacks.into_iter().map(request).collect())
}

fn input(path: PathBuf) -> Input {
    if path.as_os_str() == "-" { Input::Stdin } else { Input::File(path) }
}

/// The files of each stack.
fn files(args: &ComposeArgs, ctx: &Context) -> Result<Vec<Vec<PathBuf>>, Fault> {
    if !args.file.is_empty() {
        return Ok(vec![args.file.clone()]);
    }
    if args.path.is_empty() {
        return Ok(vec![default(args, ctx)?]);
    }
    let mut stacks = Vec::new();
    for path in &args.path {
        let whole = ctx.env.current_folder.join(path);
        if path.as_os_str() == "-" || !whole.is_dir() {
            stacks.push(vec![path.clone()]);
            continue;
        }
        let found = discover::below(&whole)
            .map_err(|e| Fault::failed(format!("cannot read {}", path.display())).because(e))?;
        if found.is_empty() {
            return Err(nothing(&format!("there is no Compose file in {}", path.display())));
        }
        stacks.extend(found);
    }
    Ok(stacks)
}

/// What Compose itself would take: `COMPOSE_FILE`, else the stack of the nearest folder.
fn default(args: &ComposeArgs, ctx: &Context) -> Result<Vec<PathBuf>, Fault> {
    if let Some(named) = ctx.env.get("COMPOSE_FILE") {
        let separator = ctx.env.get("COMPOSE_PATH_SEPARATOR").unwrap_or_else(|| ":".to_owned());
        return Ok(named.split(&*separator).map(PathBuf::from).collect());
    }
    let current = &ctx.env.current_folder;
    let folder = match &args.project_directory {
        Some(folder) => current.join(folder),
        None => current.clone(),
    };
    discover::upward(Path::new(&folder))
        .ok_or_else(|| nothing("there is no Compose file here, nor in a folder above"))
}

fn nothing(text: &str) -> Fault {
    Fault::usage(text).hint("name a file or a folder: `ut compose-validate deploy/`")
}
