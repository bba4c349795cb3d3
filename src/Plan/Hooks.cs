using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>One program of <c>hooks</c> and what it is given.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HookStep
{
    public byte* Path;
    public byte** Argv;
    public byte** Envp;

    /// <summary>Working directory; null leaves it.</summary>
    public byte* Directory;

    /// <summary>The container's state up to the number of its process, which only the one who runs the hook knows.</summary>
    public byte* StateHead;
    public int StateHeadLength;

    /// <summary>The rest of the state.</summary>
    public byte* StateTail;
    public int StateTailLength;

    /// <summary>Descriptor for its standard output, or -1 to have it captured.</summary>
    public int Output;

    /// <summary>The same for standard error.</summary>
    public int Errors;

    /// <summary>Milliseconds, 0 for no limit.</summary>
    public long Timeout;

    /// <summary>Mask for new files, or a negative number to leave the one there is.</summary>
    public int Umask;
}

/// <summary>Puts hooks into an arena, for the child as for the parent.</summary>
internal static unsafe class HookSteps
{
    // Hooks start with the usual mask, whatever the set-up of the container needs.
    private const int UsualUmask = 0x12;

    /// <summary>What hooks are told (runtime.md, "State"), without the pid.</summary>
    public static StateDocument State(string id, string status, Utf8 bundle, Pair[]? annotations) =>
        new(SpecVersion.Current, id, 0, status, bundle, default, default, annotations, default);

    /// <param name="arena">Keeps the texts.</param>
    /// <param name="hook">From config.json, checked.</param>
    /// <param name="state">What the hook reads on standard input; its pid is left open.</param>
    /// <param name="environment">For a hook that has none of its own.</param>
    /// <param name="directory">Working directory, or a null text.</param>
    public static HookStep* Make(Arena arena, Hook hook, StateDocument state, IReadOnlyList<Utf8> environment, Utf8 directory)
    {
        byte** envp = arena.Vector(hook.Env ?? environment);
        HookStep* step = Make(arena, hook, state, envp, UsualUmask);
        step->Directory = directory.IsNull ? null : arena.Text(directory);
        return step;
    }

    /// <summary>One for the container's own process: its directory and mask are the hook's.</summary>
    public static HookStep* Make(Arena arena, Hook hook, StateDocument state, byte** environment) =>
        Make(arena, hook, state, hook.Env is null ? environment : arena.Vector(hook.Env), -1);

    private static HookStep* Make(Arena arena, Hook hook, StateDocument state, byte** envp, int umask)
    {
        // Nothing before it can hold these characters: a version, an id and a status.
        byte[] json = StateWriter.Hook(state);
        int pid = json.AsSpan().IndexOf("\"pid\":0"u8) + 6;
        HookStep* step = arena.Make<HookStep>();
        *step = new HookStep
        {
            Path = arena.Text(hook.Path),
            Argv = arena.Vector(hook.Args is { Length: > 0 } args ? args : [hook.Path]),
            Envp = envp,
            StateHead = arena.Text(json.AsSpan(0, pid)),
            StateHeadLength = pid,
            StateTail = arena.Text(json.AsSpan(pid + 1)),
            StateTailLength = json.Length - pid - 1,
            Timeout = checked((hook.Timeout ?? 0) * 1000),
            Output = -1,
            Errors = -1,
            Umask = umask,
        };
        return step;
    }
}

internal sealed unsafe partial class Planner
{
    // The runtime's hooks may use what is mounted, and the container's may add to it; both before the root is switched.
    private void Hooks()
    {
        if (_config.Hooks is not { } hooks)
            return;
        if (hooks.Prestart is { Length: > 0 } || hooks.CreateRuntime is { Length: > 0 })
            _plan.Add(Op.RuntimeHooks, "hooks.createRuntime");
        Hook[] list = hooks.CreateContainer ?? [];
        for (int i = 0; i < list.Length; i++)
        {
            AddHook(
                HookSteps.Make(Arena, list[i], State("creating"), _request.Environment, default), $"hooks.createContainer[{i}].path",
                list[i], Slot.Rootfs, i);
        }
    }

    // As the container's user, in its directory, with nothing of the host in reach.
    private void StartHooks()
    {
        Hook[] list = _config.Hooks?.StartContainer ?? [];
        for (int i = 0; i < list.Length; i++)
        {
            AddHook(
                HookSteps.Make(Arena, list[i], State("created"), ((ExecuteStep*)_execute.Data)->Envp),
                $"hooks.startContainer[{i}].path", list[i], Slot.None, i);
        }
    }

    private void AddHook(HookStep* hook, string field, Hook source, int directory, int index) => _plan.Add(new Step
    {
        Op = Op.Hook,
        Field = _plan.Field($"{field} \"{source.Path}\""),
        Slot = directory,
        Number = index,
        Data = hook,
    });

    private StateDocument State(string status) => HookSteps.State(_request.Id, status, _request.Bundle, _config.Annotations);
}
