using System;
using System.Collections.Generic;
using OciRun.Errors;

namespace OciRun.Cgroups;

internal sealed partial class SystemdUnit
{
    private const string UnitExists = "org.freedesktop.systemd1.UnitExists";
    private const string NoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";

    // Jobs that ended, with who said so: JobRemoved may come before the answer that names the job.
    private readonly List<(string Job, string Result, string Sender)> _ended = [];
    private DBusValue? _properties;
    private uint _start;

    /// <summary>
    /// True once systemd has taken the order to start the unit: then it is ours to stop. Without its answer the unit may
    /// be another's; a scope of ours ends with its process.
    /// </summary>
    public bool IsStarted { get; private set; }

    /// <summary>Asks systemd to start the unit; <see cref="AwaitStart"/> has the answer.</summary>
    public void Start(SystemdProperties properties)
    {
        _properties = properties.ToValue();
        if (_connection is null)
            Connect();
        SendStart();
    }

    /// <summary>
    /// Waits until the unit is started. A failed unit of this name is reset, and a lost connection made again, once each.
    /// </summary>
    /// <param name="isThere">Whether the unit has our process already, so that it exists because of us.</param>
    /// <exception cref="FaultException">systemd refuses, the job does not succeed, or nothing comes in time.</exception>
    public void AwaitStart(Func<bool> isThere)
    {
        long deadline = In(_jobLimit);
        bool reset = false;
        bool reconnected = false;
        while (true)
        {
            try
            {
                DBusMessage answer = Answer(_start, deadline);
                if (answer.Type != DBusMessage.Error)
                {
                    IsStarted = true;
                    CheckResult(Result(answer, deadline));
                    return;
                }

                // The first request may have come through before its connection was lost.
                if (answer.ErrorName == UnitExists && reconnected && isThere())
                {
                    IsStarted = true;
                    return;
                }

                if (answer.ErrorName != UnitExists || reset)
                    throw Refused("systemd refuses to start", answer);
                reset = true;
                Answer(_connection!.Call(Manager, "ResetFailedUnit", "s", DBusValue.Of(Name)), flush: true, deadline);
                SendStart();
            }
            catch (FaultException failure) when (failure.Fault.Code == DBusConnection.ClosedCode && !reconnected)
            {
                reconnected = true;
                Connect();
                SendStart();
            }
            catch (FaultException failure) when (failure.Fault.Code == DBusConnection.TimeoutCode)
            {
                throw new FaultException(new Fault($"systemd did not start {Name} within {_jobLimit.TotalSeconds:0.#} s")
                {
                    Field = "linux.cgroupsPath",
                    Hint = $"'systemctl{User} list-jobs' shows what it waits for",
                    Code = DBusConnection.TimeoutCode,
                });
            }
        }
    }

    /// <summary>Stops the unit, waits for that, and makes systemd forget a failed one; one that is gone is fine.</summary>
    /// <param name="limit">For all of it; null for that of jobs.</param>
    /// <exception cref="FaultException">systemd refuses or nothing comes in time.</exception>
    public void Stop(TimeSpan? limit = null)
    {
        IsStarted = false;
        long deadline = In(limit ?? _jobLimit);
        if (_connection is null)
            Connect();
        try
        {
            Stop(deadline);
        }
        catch (FaultException failure) when (failure.Fault.Code == DBusConnection.ClosedCode)
        {
            Connect();
            Stop(deadline);
        }
    }

    private void Stop(long deadline)
    {
        uint serial = _connection!.Call(Manager, "StopUnit", "ss", DBusValue.Of(Name), DBusValue.Of("replace"));
        DBusMessage answer = Answer(serial, flush: true, deadline);
        if (answer.Type == DBusMessage.Error)
        {
            if (answer.ErrorName == NoSuchUnit)
                return;
            throw Refused("systemd refuses to stop", answer);
        }

        Result(answer, deadline);
        Answer(_connection.Call(Manager, "ResetFailedUnit", "s", DBusValue.Of(Name)), flush: true, deadline);
    }

    private void SendStart()
    {
        _start = _connection!.Call(
            Manager,
            "StartTransientUnit",
            "ssa(sv)a(sa(sv))",
            DBusValue.Of(Name),
            DBusValue.Of("replace"),
            _properties!,
            DBusValue.Array("(sa(sv))"));
        _connection.Flush();
    }

    private DBusMessage Answer(uint serial, bool flush, long deadline)
    {
        if (flush)
            _connection!.Flush();
        return Answer(serial, deadline);
    }

    // Only what the service manager itself says counts: on a bus anybody may send signals.
    private string Result(DBusMessage answer, long deadline)
    {
        string job = answer.Signature == "o" ? answer.Text : throw DBusReader.Malformed("the answer names no job");
        while (true)
        {
            foreach ((string ended, string result, string sender) in _ended)
            {
                if (ended == job && sender == answer.Sender)
                    return result;
            }

            Note(_connection!.Receive(deadline));
        }
    }

    private void CheckResult(string result)
    {
        if (result == "done")
            return;
        throw new FaultException(new Fault($"systemd could not start {Name}: the job ended as \"{result}\"")
        {
            Field = "linux.cgroupsPath",
            Hint = $"'journalctl{User} -u {Name}' may say why",
        });
    }

    // JobRemoved (id, job, unit, result).
    private void Note(DBusMessage message)
    {
        if (message.Type != DBusMessage.Signal || message.Interface != ManagerInterface || message.Member != "JobRemoved"
            || message.Signature != "uoss")
            return;
        DBusReader reader = message.Body;
        reader.UInt32();
        string job = reader.String();
        string unit = reader.String();
        if (unit == Name && _ended.Count < 64)
            _ended.Add((job, reader.String(), message.Sender));
    }
}
