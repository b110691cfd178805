//! Archiving, bringing back, and archives that are not whole.

use std::fs;
use std::path::Path;

use tar::EntryType::{Regular, Symlink};

use super::world::{Model, Run, World, tree};
use super::{artifacts, cleanup, has_files, plan, sqlite, store_of};
use crate::support::{Sandbox, skipped};

fn world() -> World {
    let mut world = World::of(
        (0..6).map(|n| Run { metric: Some(f64::from(n)), ..Run::new(format!("{n:032x}"), 90) }),
    );
    let run = world.runs[1].id.clone();
    world.models.push(Model { id: "m-1".into(), experiment: 0, run, used_by: Vec::new() });
    world
}

const FLAGS: [&str; 4] = ["--top-n", "2", "--archive-path", "backup"];

fn restore(sandbox: &Sandbox, uri: &str, args: &[&str]) -> crate::support::Ran {
    let fixed = ["cleanup", "restore", "--archive-path", "backup", "--tracking-uri", uri];
    sandbox.ut(fixed.iter().chain(args))
}

#[test]
fn what_was_archived_comes_back_as_it_was() {
    for kind in ["sqlite", "files", "rest"] {
        let world = world();
        let (sandbox, _server, uri, root) = store_of(&world, kind);
        let root = sandbox.path(root);
        if kind != "rest" {
            // What a server's listing has no word for.
            let odd = root.join(format!("1/{}/artifacts", world.runs[0].id));
            std::os::unix::fs::symlink("notes.txt", odd.join("link")).unwrap();
            fs::create_dir(odd.join("empty")).unwrap();
            fs::write(odd.join(format!("{}.bin", "long".repeat(50))), [0, 255, 10]).unwrap();
        }
        let files = |root: &Path| -> Vec<_> {
            tree(root).into_iter().filter(|(path, _)| !path.ends_with("meta.yaml")).collect()
        };
        let before = files(&root);
        let ran = cleanup(&sandbox, &uri, &FLAGS);
        assert!(ran.succeeds().stdout.starts_with("4 of 6 runs deleted"), "{kind}: {ran:?}");
        assert!(files(&root).len() < before.len());
        let verified = sandbox.ut(["cleanup", "verify", "--archive-path", "backup"]);
        assert!(
            verified.succeeds().stdout.starts_with("4 of 4 archives are whole"),
            "{verified:?}"
        );
        let one = world.runs[0].id.as_str();
        assert!(
            restore(&sandbox, &uri, &[one]).succeeds().stdout.starts_with("1 of 1 runs restored")
        );
        assert!(has_files(&root.join(format!("1/{one}/artifacts"))));
        // It is back already: nothing is put over it.
        restore(&sandbox, &uri, &[one]).fails(3, &["there are files where its own would go"]);
        assert_eq!(restore(&sandbox, &uri, &["--all"]).code, Some(4));
        assert_eq!(files(&root), before, "{kind}");
        let document = plan(&sandbox, &uri, &["--top-n", "2"]);
        assert_eq!(document["totals"]["delete"], 4, "{kind}: active again");
    }
}

#[test]
fn a_restore_that_was_stopped_is_done_again_but_covers_no_other_files() {
    let (sandbox, uri) = sqlite(&world());
    let id = format!("{:032x}", 1);
    let folder = artifacts(&sandbox, 1, &id);
    let before = tree(&folder);
    cleanup(&sandbox, &uri, &FLAGS).succeeds();
    // Killed while it filled the new folder, and after that had taken its place.
    let filling = folder.with_file_name("artifacts.ut-restoring");
    fs::create_dir_all(filling.join("half")).unwrap();
    fs::write(filling.join("half/a"), "x").unwrap();
    for (path, text) in &before {
        super::world::write(path, text);
    }
    fs::write(folder.join("own.txt"), "somebody's").unwrap();
    restore(&sandbox, &uri, &[&id]).fails(3, &["there are files where its own would go"]);
    fs::remove_file(folder.join("own.txt")).unwrap();
    restore(&sandbox, &uri, &[&id]).succeeds();
    assert_eq!(tree(&folder), before);
    assert!(!filling.exists());
}

#[test]
fn an_archive_opens_without_ut() {
    let (sandbox, uri) = sqlite(&world());
    cleanup(&sandbox, &uri, &FLAGS).succeeds();
    let archive = sandbox.path(&format!("backup/1/{:032x}.tar.zst", 1));
    let tar = std::process::Command::new("tar").args(["--zstd", "-tf"]).arg(&archive).output();
    match tar {
        Ok(listed) if listed.status.success() => {
            let names = String::from_utf8(listed.stdout).unwrap();
            for name in [
                "artifacts/notes.txt",
                "artifacts/checkpoints/last.ckpt",
                "models/m-1/weights.bin",
                "manifest.json",
            ] {
                assert!(names.lines().any(|line| line == name), "{names}");
            }
        }
        Ok(failed) => skipped("tar --zstd", String::from_utf8_lossy(&failed.stderr)),
        Err(e) => skipped("tar --zstd", e),
    }
}

#[test]
fn a_damaged_archive_is_found_and_nothing_is_restored_from_it() {
    let (sandbox, uri) = sqlite(&world());
    cleanup(&sandbox, &uri, &FLAGS).succeeds();
    let path = sandbox.path(&format!("backup/1/{:032x}.tar.zst", 1));
    let whole = fs::read(&path).unwrap();
    let id = format!("{:032x}", 1);
    let mut chance = fastrand::Rng::with_seed(3);
    for case in 0..200 {
        let mut bytes = whole.clone();
        match case {
            0 => bytes.clear(),
            1 => bytes.truncate(whole.len() / 2),
            2 => bytes.truncate(whole.len() - 1),
            _ => {
                let at = chance.usize(..bytes.len());
                bytes[at] ^= 1 << chance.u8(..8);
            }
        }
        // The same file in the library, which is quicker than a process each.
        fs::write(&path, &bytes).unwrap();
        let read = ut::cleanup::archive::verify(&path);
        let is_same = |manifest: ut::cleanup::archive::Manifest| manifest.run.run_id == id;
        assert!(
            !read.is_ok_and(is_same)
                || case > 2
                    && bytes[..4] == whole[..4]
                    && bytes.len() == whole.len()
                    && unchanged(&bytes),
            "case {case}"
        );
    }
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let verified =
        sandbox.ut(["cleanup", "verify", "--archive-path", "backup", "--format", "json"]);
    assert_eq!(verified.code, Some(1));
    let archives = verified.json()["archives"].clone();
    assert_eq!(archives.as_array().unwrap().iter().filter(|one| one["ok"] == true).count(), 3);
    restore(&sandbox, &uri, &[&id]).fails(3, &["is damaged"]);
    assert!(!has_files(&artifacts(&sandbox, 1, &id)));
}

/// Some bits of the frame's head mean nothing; the content is what the manifest says all the same.
fn unchanged(bytes: &[u8]) -> bool {
    zstd::decode_all(bytes).is_ok()
}

/// A tar with these entries, its manifest true, as somebody would craft it.
fn crafted(path: &Path, run: &str, entries: &[(&str, tar::EntryType, &str)]) {
    let mut builder =
        tar::Builder::new(zstd::Encoder::new(fs::File::create(path).unwrap(), 0).unwrap());
    let mut files = Vec::new();
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        let is_file = kind.is_file();
        header.set_size(if is_file { content.len() as u64 } else { 0 });
        // A name that the library would refuse to write.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if kind.is_symlink() {
            header.set_link_name(content).unwrap();
        }
        header.set_cksum();
        builder.append(&header, if is_file { content.as_bytes() } else { b"" }).unwrap();
        let hash = is_file.then(|| blake3::hash(content.as_bytes()).to_hex().to_string());
        let mut file =
            serde_json::json!({"path": name, "bytes": if is_file { content.len() } else { 0 }});
        if let Some(hash) = hash {
            file["blake3"] = hash.into();
        } else if kind.is_symlink() {
            file["link"] = (*content).into();
        }
        files.push(file);
    }
    let manifest = serde_json::json!({
        "schema": "ut.archive/1", "store": "", "experiment_id": "1", "experiment_name": "", "archived_at": "",
        "run": {"run_id": run, "status": "", "lifecycle_stage": "", "artifact_uri": "", "tags": {}, "params": {},
                "metrics": {}, "name": null, "start_time": null, "end_time": null},
        "models": [], "files": files,
    });
    let bytes = manifest.to_string();
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    builder.append_data(&mut header, "manifest.json", bytes.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap();
}

#[test]
fn no_name_in_an_archive_leads_out_of_the_runs_folder() {
    let (sandbox, uri) = sqlite(&world());
    cleanup(&sandbox, &uri, &FLAGS).succeeds();
    let id = format!("{:032x}", 1);
    let archive = sandbox.path(&format!("backup/1/{id}.tar.zst"));
    let outside = sandbox.path("outside");
    fs::create_dir(&outside).unwrap();
    let target = outside.to_str().unwrap().to_owned();
    for entries in [
        vec![("artifacts/../../../../outside/a", Regular, "evil")],
        vec![("artifacts//outside/a", Regular, "evil")],
        vec![("artifacts/link", Symlink, target.as_str()), ("artifacts/link/a", Regular, "evil")],
        vec![("artifacts/./a", Regular, "evil")],
        vec![("artifacts/x", tar::EntryType::Fifo, "")],
    ] {
        crafted(&archive, &id, &entries);
        let ran = restore(&sandbox, &uri, &[&id]);
        assert_eq!(ran.code, Some(3), "{entries:?}: {ran:?}");
        assert_eq!(tree(&outside), [], "{entries:?}");
        assert!(!has_files(&artifacts(&sandbox, 1, &id)), "{entries:?}");
    }
    crafted(&archive, &id, &[("artifacts/fine", Regular, "fine")]);
    restore(&sandbox, &uri, &[&id]).succeeds();
    assert_eq!(fs::read_to_string(artifacts(&sandbox, 1, &id).join("fine")).unwrap(), "fine");
}

#[test]
fn what_cannot_be_archived_is_not_deleted() {
    let (sandbox, uri) = sqlite(&world());
    let pipe = artifacts(&sandbox, 1, &format!("{:032x}", 0)).join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let ran = cleanup(&sandbox, &uri, &FLAGS);
    ran.fails(4, &["it is no file, folder or link"]);
    assert!(ran.stdout.starts_with("3 of 6 runs deleted"), "{ran:?}");
    assert!(pipe.exists());
    let inside = ["--archive-path", "artifacts/1/backup"];
    cleanup(&sandbox, &uri, &inside).fails(2, &["is among the artifacts themselves"]);
    sandbox.write("file", "");
    cleanup(&sandbox, &uri, &["--archive-path", "file"]).fails(3, &["cannot archive in"]);
    sandbox
        .ut(["cleanup", "restore", "x", "--archive-path", "backup"])
        .fails(2, &["has no archive of run x"]);
    sandbox.ut(["cleanup", "verify"]).fails(2, &["--archive-path names it"]);
}

/// A disk of one megabyte, where this may be mounted.
#[test]
fn a_full_archive_loses_nothing() {
    let mut world = world();
    for run in &mut world.runs {
        run.metric = Some(1.0);
    }
    let (sandbox, uri) = sqlite(&world);
    for run in &world.runs {
        let noise: Vec<u8> = (0..300_000).map(|_| fastrand::u8(..)).collect();
        fs::write(artifacts(&sandbox, 1, &run.id).join("big"), noise).unwrap();
    }
    let small = sandbox.path("small");
    fs::create_dir(&small).unwrap();
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(&small)
        .output();
    match mount {
        Ok(done) if done.status.success() => {}
        // Only root may; in a container perhaps nobody.
        Ok(failed) => {
            return eprintln!("skipped: a full disk: {}", String::from_utf8_lossy(&failed.stderr));
        }
        Err(e) => return eprintln!("skipped: a full disk: {e}"),
    }
    let ran = cleanup(&sandbox, &uri, &["--top-n", "1", "--archive-path", "small"]);
    let verified = sandbox.ut(["cleanup", "verify", "--archive-path", "small", "--format", "json"]);
    let archived = verified.json()["archives"].as_array().unwrap().len();
    let kept = world.runs.iter().filter(|run| has_files(&artifacts(&sandbox, 1, &run.id))).count();
    let _ = std::process::Command::new("umount").arg(&small).output();
    ran.fails(4, &["it cannot be archived: it cannot be read: No space left"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(archived > 0 && archived + kept == world.runs.len(), "{archived} {kept}");
}
