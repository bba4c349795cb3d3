using System;
using System.Collections;
using System.Collections.Generic;
using System.Text;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>Runs the hooks of the runtime's namespaces: prestart, createRuntime, poststart, poststop (config.md, "POSIX-platform Hooks").</summary>
internal static unsafe class RuntimeHooks
{
    private const int OutputSize = ChildContext.MessageSize;

    /// <summary>Runs a list in order; the first failure ends it.</summary>
    /// <param name="kind">Name of the list in <c>hooks</c>.</param>
    /// <param name="hooks">The list.</param>
    /// <param name="state">What they read; the pid is <paramref name="pid"/>.</param>
    /// <param name="pid">The container's process, 0 when it has ended.</param>
    /// <param name="watched">Up to two descriptors whose readability ends the running hook.</param>
    /// <exception cref="FaultException">A hook failed, ran past its timeout, or was ended.</exception>
    public static void Run(string kind, Hook[]? hooks, StateDocument state, int pid, params ReadOnlySpan<int> watched)
    {
        if (hooks is not { Length: > 0 })
            return;
        using Descendants descendants = Descendants.Adopt();
        for (int i = 0; i < hooks.Length; i++)
        {
            if (Failure(kind, i, hooks[i], state, pid, watched) is { } fault)
                throw new FaultException(fault);
        }
    }

    /// <summary>After the container is gone: a failure is a warning, and the other hooks run all the same (runtime.md, "Lifecycle").</summary>
    public static void Poststop(Hooks? hooks, ContainerRecord record)
    {
        if (hooks?.Poststop is not { Length: > 0 } list)
            return;
        Trace.Phase("hooks");
        using Descendants descendants = Descendants.Adopt();
        StateDocument state = HookSteps.State(record.Id, "stopped", record.Bundle, record.Annotations);
        for (int i = 0; i < list.Length; i++)
        {
            if (Failure("poststop", i, list[i], state, 0, []) is { } fault)
                Log.Warning(fault.Text());
        }
    }

    /// <summary>The variables of this process as NAME=value.</summary>
    public static List<Utf8> OwnEnvironment()
    {
        List<Utf8> variables = [];
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            // Those of a trace belong to this command: one that a hook runs would write into the same file.
            if (variable.Key is not string name || !name.StartsWith("OCIRUN_TRACE", StringComparison.Ordinal))
                variables.Add($"{variable.Key}={variable.Value}");
        }

        return variables;
    }

    /// <summary>Whether some hook of the config gives no environment of its own.</summary>
    public static bool NeedOwnEnvironment(Hook[]? hooks) => Array.Exists(hooks ?? [], static hook => hook.Env is null);

    /// <summary>What is said of a failed hook.</summary>
    /// <param name="field">Its place in the config, e.g. <c>hooks.poststart[1].path "/bin/x"</c>.</param>
    /// <param name="kind">Name of its list.</param>
    /// <param name="index">Place in the list.</param>
    /// <param name="result">How it ended.</param>
    /// <param name="timeout">Its limit in milliseconds.</param>
    /// <param name="output">What it wrote.</param>
    public static Fault Fault(string field, string kind, int index, in HookResult result, long timeout, string output)
    {
        string how = result.End switch
        {
            HookEnd.Exited => $"exit status {result.Status}",
            HookEnd.Killed => Launch.Failure.KilledBy(result.Status),
            HookEnd.TimedOut when timeout > 0 => $"hook ran past specified timeout of {timeout / 1000} s",
            HookEnd.TimedOut => "hook ran past specified timeout",
            HookEnd.Interrupted => "ended because the container or this command was",
            _ => "cannot run it",
        };
        output = output.TrimEnd();
        return new Fault($"error running {kind} hook #{index}: {how}{(output.Length > 0 ? ": " : "")}{output}")
        {
            Field = field,
            Syscall = result.End == HookEnd.NotStarted ? Launch.Failure.SyscallName(result.Syscall) : null,
            Errno = result.End == HookEnd.NotStarted ? -result.Status : 0,
            Code = "hook",
        };
    }

    /// <summary>A startContainer hook began and nothing was heard of the process since.</summary>
    public static Fault DiedIn(int index) => new($"error running startContainer hook #{index}: the container's process died while it ran")
    {
        Field = $"hooks.startContainer[{index}].path",
        Hint = "does the hook kill it, or is the memory limit too low?",
        Code = "hook",
    };

    private static Fault? Failure(string kind, int index, Hook hook, StateDocument state, int pid, ReadOnlySpan<int> watched)
    {
        using Arena arena = new();
        HookStep* step = HookSteps.Make(arena, hook, state, hook.Env is null ? OwnEnvironment() : [], state.Bundle);
        byte* output = arena.Allocate(OutputSize);
        int* two = stackalloc int[2];
        two[0] = watched.Length > 0 ? watched[0] : -1;
        two[1] = watched.Length > 1 ? watched[1] : -1;
        HookResult result;
        long began = Trace.Now();
        try
        {
            using HookOutput files = HookOutput.Open(state.Annotations, state.Bundle);
            files.Give(step);
            ulong since = Descendants.Now();
            result = HookRunner.Run(step, pid, -1, two, output, OutputSize);
            if (result.End is HookEnd.TimedOut or HookEnd.Interrupted)
                Descendants.Kill(since, kept: pid);
        }
        catch (FaultException failure)
        {
            return failure.Fault;
        }

        string field = $"hooks.{kind}[{index}].path \"{hook.Path}\"";
        Fault? fault = result.End == HookEnd.Exited && result.Status == 0
            ? null
            : Fault(field, kind, index, result, step->Timeout, Encoding.UTF8.GetString(output, result.Kept));
        if (Trace.IsOn)
            Trace.Add(Event(field, began, fault));
        return fault;
    }

    private static TraceEvent Event(string field, long began, Fault? fault) => new()
    {
        Name = "hook",
        Category = "hook",
        Field = field,
        Start = began,
        End = Trace.Now(),
        Error = fault?.Text(),
        Syscall = fault?.Syscall,
        Errno = fault?.Errno ?? 0,
    };
}
