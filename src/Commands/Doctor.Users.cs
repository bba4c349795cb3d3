using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.State;

namespace OciRun.Commands;

internal static partial class Doctor
{
    private const int MostNamed = 10;

    private static void Security(Diagnosis lines)
    {
        if (Machine.SecurityModules is { } modules)
            lines.Ok("modules", modules);
        if (!Machine.AppArmorEnabled)
            lines.Missing("AppArmor", "not active", "process.apparmorProfile", "boot with AppArmor (lsm=...,apparmor)");
        else if (Machine.ConfinedByAppArmor)
        {
            lines.Limited(
                "AppArmor", "active, and this process runs under a profile", "process.apparmorProfile as far as that profile forbids the change",
                "run it unconfined");
        }
        else
            lines.Ok("AppArmor", "active");
        lines.Either(Machine.SELinuxEnabled, "SELinux", "active", "process.selinuxLabel, linux.mountLabel", "boot with SELinux (lsm=...,selinux) and a policy");
        Capabilities(lines);
        if (Machine.NoNewPrivileges)
        {
            lines.Limited(
                "no_new_privs", "set for this process", "newuidmap and newgidmap gain no rights: ranges of linux.uidMappings fail without root",
                "run outside of the sandbox that sets it");
        }
    }

    // Of root: what its containers can never have.
    private static void Capabilities(Diagnosis lines)
    {
        List<string> lacking = [];
        ulong bounding = Machine.BoundingCapabilities;
        for (int i = 0; i <= Math.Min(Machine.LastCapability, Capability.Names.Length - 1); i++)
        {
            if ((bounding & (1UL << i)) == 0)
                lacking.Add(Capability.Names[i]);
        }

        if (lacking.Count == 0)
            lines.Ok("capabilities", $"all {Machine.LastCapability + 1} can be given to containers");
        else
        {
            lines.Limited(
                "capabilities", $"not in the bounding set: {string.Join(' ', lacking)}",
                "process.capabilities with them" + (lacking.Contains("CAP_SYS_RESOURCE") ? "; process.rlimits above the own ones; a lower process.oomScoreAdj" : ""),
                "start the runtime with them (systemd: CapabilityBoundingSet=)");
        }
    }

    private static void Ids(Diagnosis lines)
    {
        if (Machine.InUserNamespace)
            lines.Ok("user namespace", "this process is in one: ids of the config are those of it");
        if (IsRoot)
        {
            bool all = Machine.MapsIds(groups: false, 0, 65536) && Machine.MapsIds(groups: true, 0, 65536);
            if (all)
                lines.Ok("ranges", "any that this user namespace has");
            else
            {
                lines.Limited(
                    "ranges", "this user namespace does not have the ids 0 to 65535", "process.user and linux.uidMappings with others than it has; images with more owners",
                    "make it with a range from /etc/subuid");
            }

            return;
        }

        uint uid = Sys.geteuid();
        string name = new UserNames().Find(uid);
        ulong users = Machine.SubordinateIds("/etc/subuid"u8, name, uid);
        ulong groups = Machine.SubordinateIds("/etc/subgid"u8, name, uid);
        if (users > 0 && groups > 0)
            lines.Ok("ranges", $"{users} users and {groups} groups");
        else
        {
            lines.Limited(
                "ranges", $"none for {name} in /etc/{(users == 0 ? "subuid" : "subgid")}", "linux.uidMappings and linux.gidMappings with more than the own id",
                $"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name}");
        }

        Helper(lines, "newuidmap");
        Helper(lines, "newgidmap");
    }

    private static void Helper(Diagnosis lines, string name)
    {
        if (Spawn.Find(name) is { } path)
            lines.Ok(name, path.ToString());
        else
            lines.Missing(name, "not in PATH", "linux.uidMappings and linux.gidMappings with more than the own id", "install it (package uidmap)");
    }

    private static void State(Diagnosis lines, string? option)
    {
        string path = StateRoot.PathOf(option);
        try
        {
            using StateRoot? root = StateRoot.OpenExisting(option);
            if (root is not null)
                Containers(lines, root);
            else if (Parent(path) is { } parent && !MayWrite(parent))
            {
                lines.Missing(
                    "root", $"{path} does not exist, and {parent} is not this user's", "no container can be made",
                    "set XDG_RUNTIME_DIR, or give --root", needed: true);
            }
            else
                lines.Ok("root", $"{path}, made when it is needed");
        }
        catch (FaultException failure)
        {
            lines.Missing(
                "root", (failure.Fault with { Hint = null }).Text(), "no container can be made", failure.Fault.Hint ?? "give --root", needed: true);
        }
    }

    // The nearest directory that exists.
    private static string? Parent(string path)
    {
        for (int slash = path.LastIndexOf('/'); slash >= 0; slash = path.LastIndexOf('/'))
        {
            path = path[..slash];
            if (Machine.At(Sys.Bytes(path.Length == 0 ? "/" : path)).IsDirectory)
                return path.Length == 0 ? "/" : path;
        }

        return null;
    }

    private static void Containers(Diagnosis lines, StateRoot root)
    {
        int alive = 0;
        List<string> stale = [];
        List<string> foreign = [];
        foreach (string id in root.Ids())
        {
            try
            {
                using ContainerDirectory directory = root.Find(id);
                ContainerRecord? record = directory.Load();
                if (record is null)
                    foreign.Add(id);
                else if (global::OciRun.State.Status.Of(directory, record) == ContainerStatus.Stopped)
                    stale.Add(id);
                else
                    alive++;
            }
            catch (FaultException failure)
            {
                if (failure.Fault.Code != StateRoot.MissingCode)
                    foreign.Add(id);
            }
        }

        lines.Ok("root", $"{root.Path}, {alive} {(alive == 1 ? "container" : "containers")}");
        if (stale.Count > 0)
        {
            lines.Limited(
                "ended", Named(stale), "their ids are taken, and their cgroups stay", $"'{Table.Program} delete ID' when their owner has forgotten them");
        }

        if (foreign.Count > 0)
            lines.Limited("unreadable", Named(foreign), "their ids are taken", "look at them, and remove what nobody misses");
    }

    private static string Named(List<string> ids) =>
        string.Join(' ', ids.GetRange(0, Math.Min(ids.Count, MostNamed))) + (ids.Count > MostNamed ? $" and {ids.Count - MostNamed} more" : "");

    private static void Programs(Diagnosis lines)
    {
        if (Spawn.Find("criu") is { } criu)
            lines.Ok("criu", criu.ToString());
        else
            lines.Missing("criu", "not in PATH", "checkpoint, restore", "install it (package criu)");
        bool resctrl = Cgroups.ResctrlTree.Find() is not null;
        lines.Either(resctrl, "resctrl", "mounted", "linux.intelRdt", "mount -t resctrl resctrl /sys/fs/resctrl, on a processor that has it");
    }
}
