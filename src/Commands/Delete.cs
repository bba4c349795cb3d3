using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>delete ID</c> (features.md 1.10).</summary>
internal static class Delete
{
    public static Verb Describe() => new()
    {
        Name = "delete",
        Summary = "remove a container that has ended or was never started",
        Synopsis = "ID",
        Options =
        [
            new Option("force", OptionKind.Flag, "kill it first when it runs; a container that does not exist is a success")
            {
                Letter = 'f',
            },
            IdPattern.Option(),
        ],
        TakesContainer = true,
        Minimum = 1,
        Maximum = 1,
        Examples =
        [
            new("delete box1", "remove what has ended"),
            new("delete --force --regex '.*'", "end and remove all containers below the state root"),
        ],
        SeeAlso = ["kill", "run"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        bool force = arguments.Flag("force");
        string? root = arguments.Globals.Root;
        if (arguments.Flag("regex"))
            IdPattern.ForEach(root, arguments.Positional[0], id => One(root, id, force));
        else
            One(root, arguments.Positional[0], force);
        return 0;
    }

    private static void One(string? root, string id, bool force)
    {
        Trace.Phase("state");
        try
        {
            using ContainerDirectory directory = StateRoot.FindContainer(root, id);
            if (force)
                Force(directory);
            else
                Gently(directory);
        }
        catch (FaultException e) when (force && e.Fault.Code == StateRoot.MissingCode)
        {
            // Somebody else was faster, or it never was.
        }
    }

    private static void Gently(ContainerDirectory directory)
    {
        directory.Lock();

        // The kernel is to say it twice: nothing names a cgroup any more once the directory is removed.
        ContainerRecord? record = directory.Load() ?? directory.Load();
        if (record is null)
        {
            // What a killed create leaves before it has recorded anything (features.md D06).
            directory.Remove();
            throw StateRoot.Missing(directory.Id);
        }

        ContainerStatus status = Status.Of(directory, record);
        if (status is ContainerStatus.Running or ContainerStatus.Paused)
        {
            throw new FaultException(
                new Fault($"cannot delete container {directory.Id} that is not stopped: {Status.Name(status)}")
                {
                    Hint = "kill it first, or use --force",
                    Code = "container-running",
                });
        }

        Teardown.KillAndWait(record);
        Remove(directory, record);
    }

    // What the hooks are has to be known before the directory goes.
    private static void Remove(ContainerDirectory directory, ContainerRecord record, bool force = false)
    {
        Hooks? hooks = null;
        try
        {
            hooks = directory.LoadHooks();
        }
        catch (FaultException e)
        {
            Log.Notice($"{e.Fault.Text()}; its poststop hooks do not run");
        }

        Teardown.Remove(directory, record, force);
        RuntimeHooks.Poststop(hooks, record);
    }

    private static void Force(ContainerDirectory directory)
    {
        // A create that hangs in a hook holds the lock; it gives up when its container dies.
        ContainerRecord? early = Load(directory, out _);
        if (early is not null)
            Teardown.KillAndWait(early);
        directory.Lock();

        // What could be read a moment ago says enough: no other container has this id while the directory is there.
        ContainerRecord? record = Load(directory, out Fault? failure) ?? early;
        if (record is null)
        {
            if (failure is { Errno: Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.EACCES or Errno.EPERM })
                throw new FaultException(failure with { Hint = "nothing was removed, for the record names the cgroup; try again when it can be read" });
            if (failure is not null)
                Log.Notice($"{failure.Text()}; its cgroup, if it has one, is left");
            Teardown.Remove(directory, record);
            return;
        }

        Teardown.KillAndWait(record);
        Remove(directory, record, force: true);
    }

    private static ContainerRecord? Load(ContainerDirectory directory, out Fault? failure)
    {
        failure = null;
        try
        {
            return directory.Load();
        }
        catch (FaultException e)
        {
            failure = e.Fault;
            return null;
        }
    }
}
