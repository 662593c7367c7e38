# SPDX-License-Identifier: Apache-2.0
# Plays quartus_sh and gw_sh in plain tclsh: knows the commands that a project needs, checks that named files exist, and
# stops at anything else.
#   tclsh project_stub.tcl SCRIPT          prints one line for each command
namespace eval stub {
  variable assignments {FAMILY DEVICE TOP_LEVEL_ENTITY VERILOG_FILE SDC_FILE}
  variable begun 0

  proc must_exist {file} {
    if {[file pathtype $file] ne "relative"} { error "$file is not a relative path" }
    if {![file isfile $file]} { error "no file $file in [pwd]" }
  }

  proc must_begin {} {
    variable begun
    if {!$begun} { error "no project and no device" }
  }

  proc tell {arguments} { puts $arguments }
}

proc project_new {name option} {
  if {$option ne "-overwrite"} { error "project_new: unknown option $option" }
  set stub::begun 1
  stub::tell "project_new $name"
}
proc set_global_assignment {option name value} {
  stub::must_begin
  if {$option ne "-name"} { error "set_global_assignment: unknown option $option" }
  if {$name ni $stub::assignments} { error "set_global_assignment: unknown assignment $name" }
  if {[string match *_FILE $name]} { stub::must_exist $value }
  stub::tell "$name $value"
}
proc set_device {part args} {
  if {[llength $args] && [lindex $args 0] ne "--device_version"} { error "set_device: unknown option $args" }
  set stub::begun 1
  stub::tell "DEVICE $part"
}
proc add_file {option type file} {
  stub::must_begin
  if {$option ne "-type" || $type ni {verilog sdc}} { error "add_file: unknown option $option $type" }
  stub::must_exist $file
  stub::tell "[string toupper $type]_FILE $file"
}
proc set_option {option value} {
  stub::must_begin
  if {$option ne "-top_module"} { error "set_option: unknown option $option" }
  stub::tell "TOP_LEVEL_ENTITY $value"
}
proc run {step} {
  stub::must_begin
  if {$step ni {syn pnr}} { error "run: unknown step $step" }
  stub::tell "run $step"
}
proc unknown {args} { error "unknown command: [lindex $args 0]" }

if {[catch {source [lindex $argv 0]} message]} {
  puts stderr "stub: $message"
  exit 1
}
